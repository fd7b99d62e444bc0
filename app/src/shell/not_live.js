// When the page's script has failed, nothing of it may take a click away: links and forms act as without JavaScript.
(() => {
  const root = document.documentElement;
  let why, place, line;

  // Stands before everything that the page listens with. What the browser does by itself still happens.
  const takeAway = (event) => {
    if (why && !event.target.matches?.("select[data-theme-choice]")) event.stopImmediatePropagation();
  };
  for (const type of ["click", "submit", "input", "change", "keydown", "cancel"])
    addEventListener(type, takeAway, true);
  // Back and Forward between addresses that the script has shown in this document.
  addEventListener("popstate", (event) => {
    if (!why) return;
    event.stopImmediatePropagation();
    if (location.pathname + location.search !== place) location.reload();
  });

  const say = () => {
    if (line) return;
    line = document.createElement("p");
    line.id = "not-live";
    line.setAttribute("role", "alert");
    const reload = document.createElement("a");
    reload.href = location.href;
    reload.textContent = "Reload the page";
    line.append("This page is not live: it does not update by itself. Links and forms work. ", reload);
    // What lies outside of a modal dialog can't be reached.
    (document.querySelector("dialog:modal") ?? document.body).append(line);
  };
  const report = (body) => {
    fetch("/not-live", { method: "POST", body, keepalive: true }).catch(() => {});
  };

  addEventListener("not-live", ({ detail }) => {
    if (!why) report(detail);
    why ??= detail;
    if (detail !== "slow") why = detail;
    place = location.pathname + location.search;
    root.classList.remove("js");
    delete root.dataset.hydrated;
    // What the script had put off comes after its end.
    setTimeout(() => why && delete root.dataset.hydrated, 100);
    say();
  });
  addEventListener("live-at-last", () => {
    if (why !== "slow") return;
    why = undefined;
    root.classList.add("js");
    line?.remove();
    line = undefined;
  });
})();
