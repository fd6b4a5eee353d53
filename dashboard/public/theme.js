// Before the first paint, so that a page whose theme was chosen does not flash in the other one.
const chosen = localStorage.getItem("layers.theme");
if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
