import { useEffect, useState } from "react";

/** The value as it was when it last stood still for so long. */
export function useDebounced<T>(value: T, milliseconds: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}

/** Whether something has been so for a while: what takes a moment need not announce itself. */
export function useLater(on: boolean, milliseconds: number): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!on) return setLate(false);
    const timer = setTimeout(() => setLate(true), milliseconds);
    return () => clearTimeout(timer);
  }, [on, milliseconds]);
  return late;
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · Smelt` : "Smelt";
  }, [title]);
}
