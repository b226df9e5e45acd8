import { type RefObject, useLayoutEffect, useState } from "react";

/** Room below the table, so that its edge is seen. */
const BELOW = 32;
const LEAST = 360;
/** Borders and a scroll bar. */
const EDGES = 18;

/** Pixels from the table's top to the window's bottom, but no more than its rows take. */
export function useFill(box: RefObject<HTMLElement | null>, rowsHeight: number): number {
  const [left, setLeft] = useState(LEAST);
  useLayoutEffect(() => {
    const measure = () => {
      if (!box.current) return;
      const top = box.current.getBoundingClientRect().top + window.scrollY;
      setLeft(Math.max(LEAST, Math.floor(window.innerHeight - top - BELOW)));
    };
    measure();
    // What stands above may come later, such as a note.
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    addEventListener("resize", measure);
    return () => {
      observer.disconnect();
      removeEventListener("resize", measure);
    };
  }, [box]);
  return Math.min(left, rowsHeight + EDGES);
}
