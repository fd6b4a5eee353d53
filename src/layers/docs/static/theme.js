// Before anything is drawn: the theme the reader chose, or none, and then the device's own.
try {
  const chosen = localStorage.getItem("layers-theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is closed to this page; the device's own theme it is.
}
document.documentElement.classList.add("script");
