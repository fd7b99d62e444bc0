// Shows in full what a page shortens: the title of an element, and text that doesn't fit. Pointers ask by resting there, keys
// by moving the focus there or into its row, fingers by tapping a time. Escape dismisses it, the pointer may rest on it, and it
// stays until then (WCAG 1.4.13). Without this script browsers show the titles.
(() => {
  const ROW = "tr, .rows > li";
  let tip, of, title, timer, quiet;

  const isCut = (part) => {
    if (part.scrollWidth <= part.clientWidth && part.scrollHeight <= part.clientHeight + 1) return false;
    const { overflowX, textOverflow, webkitLineClamp } = getComputedStyle(part);
    return overflowX === "hidden" && (textOverflow === "ellipsis" || webkitLineClamp !== "none");
  };
  const cutOf = (part, levels = 3) =>
    part && levels && !part.matches(ROW) ? (isCut(part) ? part : cutOf(part.parentElement, levels - 1)) : null;
  const text = (part) => {
    // Parts of a picture have neither title nor text.
    const shown = (part.innerText ?? "").trim();
    const says = (part.title || (isCut(part) ? shown : "")).trim();
    return says === shown && !isCut(part) ? "" : says;
  };
  // All that the row of a link hides, each line with the name of its column.
  const textOfRow = (row) => {
    const lines = new Set();
    for (const part of row.querySelectorAll("[title], td *, th *, li *")) {
      const says = part.title || isCut(part) ? text(part) : "";
      const column = part.closest("td, th")?.dataset.label;
      const inside = part.parentElement.closest("[title]");
      if (says && !(inside && row.contains(inside))) lines.add(column ? `${column}: ${says}` : says);
    }
    return [...lines].join("\n");
  };

  const hide = () => {
    clearTimeout(timer);
    if (!of) return;
    if (title) of.title ||= title;
    if (of.getAttribute("aria-describedby") === "tip") of.removeAttribute("aria-describedby");
    of = title = null;
    tip.hidePopover();
  };
  const show = (part, says, near = part) => {
    hide();
    // Until then nothing may be added to the page.
    if (!says || !part.isConnected || !document.documentElement.dataset.hydrated) return;
    tip ??= Object.assign(document.createElement("div"), { id: "tip", className: "tip", role: "tooltip", popover: "manual" });
    // What lies outside a modal dialog can't be pointed at.
    (part.closest("dialog[open], main, nav") ?? document.body).append(tip);
    tip.textContent = says;
    // Else the browser shows it too.
    [of, title] = [part, part.title];
    part.removeAttribute("title");
    if (!part.hasAttribute("aria-describedby")) part.setAttribute("aria-describedby", "tip");
    tip.showPopover();
    const { left, top, bottom } = near.getBoundingClientRect();
    const { width, height } = tip.getBoundingClientRect();
    const isBelow = bottom + height + 4 <= innerHeight || top < height + 4;
    tip.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
    tip.style.top = `${isBelow ? bottom + 2 : top - height - 2}px`;
  };
  const soon = (act, after) => {
    clearTimeout(timer);
    timer = setTimeout(act, after);
  };

  addEventListener("pointerover", ({ target, pointerType }) => {
    if (pointerType === "touch" || !target.closest) return;
    if (target === tip || (of && of.contains(target))) return clearTimeout(timer);
    const part = target.closest("[title]") ?? cutOf(target);
    if (part) soon(() => show(part, text(part)), 300);
    // Time to come over to it.
    else soon(hide, of ? 200 : 0);
  });
  addEventListener("focusin", ({ target }) => {
    const row = target.closest(ROW);
    if (!row?.parentElement.contains(quiet)) quiet = null;
    if (quiet || !target.matches(":focus-visible")) return;
    const part = row && target.matches("a, button, summary") ? row : null;
    soon(() => show(target, part ? textOfRow(part) : text(cutOf(target) ?? target), part ?? target), part ? 700 : 300);
  });
  addEventListener("focusout", hide);
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !of) return;
    // Only the tip closes. The rest of its rows say nothing until the focus comes back to them.
    event.preventDefault();
    event.stopImmediatePropagation();
    quiet = of.closest(ROW);
    hide();
  }, true);
  addEventListener("click", (event) => {
    const part = event.pointerType === "touch" && !event.target.closest("a, button") && event.target.closest("time[title]");
    if (!part) return event.target === tip ? undefined : hide();
    event.preventDefault();
    event.stopPropagation();
    show(part, text(part) || part.title);
  }, true);
  for (const act of ["scroll", "resize", "popstate"]) addEventListener(act, hide, true);
})();
