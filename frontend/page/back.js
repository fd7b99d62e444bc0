// Back leads to the place on the page, and to the link, from which the person left. Pages are made anew then, so the browser
// alone finds neither.
(() => {
  const root = document.documentElement;
  const places = new Map();
  // Before anything else answers the click. Enter on a link is a click too.
  const leave = ({ target }) => {
    const link = target.closest?.("a[href]") ?? target.closest?.("tr")?.querySelector("a[href]");
    places.set(location.href, { top: scrollY, href: link?.closest("main") ? link.getAttribute("href") : null });
  };
  addEventListener("click", leave, true);

  addEventListener("popstate", () => {
    const { href } = location;
    const place = places.get(href) ?? { top: 0, href: null };
    const patience = performance.now() + 3_000;
    let isOver = false;
    const stop = () => (isOver = true);
    const acts = ["keydown", "pointerdown", "wheel"];
    for (const act of acts) addEventListener(act, stop, { once: true, capture: true });
    // Meanwhile the heading of the page leaves the focus alone, and fields take what the address says.
    root.dataset.back = "";
    const arrive = () => {
      const link = place.href && document.querySelector(`main a[href="${CSS.escape(place.href)}"]`);
      const isThere = root.scrollHeight >= place.top + innerHeight && (!place.href || link);
      isOver ||= performance.now() > patience || location.href !== href;
      if (!isThere && !isOver) return requestAnimationFrame(arrive);
      for (const act of acts) removeEventListener(act, stop, true);
      delete root.dataset.back;
      if (!isThere) return;
      scrollTo({ top: place.top, behavior: "instant" });
      link?.focus({ preventScroll: true });
    };
    // Once the page has begun to change.
    requestAnimationFrame(() => requestAnimationFrame(arrive));
  });
})();
