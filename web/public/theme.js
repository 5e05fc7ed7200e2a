// Before the first paint: the theme the reader chose. Not a module, so that nothing flashes; src/theme.ts does the rest.
(function () {
  try {
    var chosen = localStorage.getItem("tocsin.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch (refused) {
    // Without storage the system's theme is taken.
  }
})();
