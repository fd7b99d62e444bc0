// Marks that there is JavaScript, and applies what the person has chosen for this browser, as attributes of the document:
// nothing may change after the first paint.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  // The server reckons "today" and "last month" in it.
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  if (timeZone) document.cookie = `__Host-support-zone=${timeZone}; path=/; secure; max-age=31536000; samesite=lax`;
  const choices = { theme: ["light", "dark"], density: ["comfortable"], keys: ["off"] };
  const kept = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  };
  const apply = () => {
    for (const [name, values] of Object.entries(choices)) {
      const value = kept(name);
      if (values.includes(value)) root.dataset[name] = value;
      else delete root.dataset[name];
    }
    for (const select of document.querySelectorAll("select[data-choice]"))
      select.value = root.dataset[select.dataset.choice] ?? "";
  };
  apply();
  addEventListener("DOMContentLoaded", apply);
  addEventListener("storage", apply);
  addEventListener("change", ({ target }) => {
    if (!target.matches?.("select[data-choice]")) return;
    try {
      localStorage.setItem(target.dataset.choice, target.value);
    } catch {}
    apply();
    // Before anything else, for a choice that the palette makes too.
  }, true);

  // What sticks to the top sticks below the band of support sessions, however tall that is.
  addEventListener("DOMContentLoaded", () => {
    const band = document.querySelector("[data-band]");
    if (!band) return;
    const measure = () => {
      const isSticky = getComputedStyle(band).position === "sticky";
      root.style.setProperty("--band", `${isSticky ? band.offsetHeight : 0}px`);
    };
    new ResizeObserver(measure).observe(band);
    addEventListener("resize", measure);
  });
})();
