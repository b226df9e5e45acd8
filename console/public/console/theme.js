// Runs before the first paint, so that a page in the chosen theme does not flash in the other one. The pages'
// policy forbids inline scripts; src/lib/store.ts writes what is read here.
try {
  const theme = localStorage.getItem("smelt.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {}
