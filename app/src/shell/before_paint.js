(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const chosen = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const apply = () => {
    const theme = chosen();
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const select of document.querySelectorAll("select[data-theme-choice]"))
      select.value = root.dataset.theme ?? "system";
  };
  apply();
  addEventListener("DOMContentLoaded", apply);
  addEventListener("storage", apply);
  addEventListener("change", (event) => {
    if (!event.target.matches?.("select[data-theme-choice]")) return;
    try {
      localStorage.setItem("theme", event.target.value);
    } catch {}
    apply();
  });
})();
