// When the page's script has failed, nothing of it may take a click away: links and forms act as without JavaScript.
(() => {
  const root = document.documentElement;
  let why, place, line, reload;

  // Stands before everything that the page listens with. What the browser does by itself still happens.
  const takeAway = (event) => {
    if (!why || event.target.matches?.("select[data-choice]")) return;
    event.stopImmediatePropagation();
    if (event.type === "click" && event.target === reload) keepTyped(event);
  };
  // Instead of a reload, the form is sent as it stands, to be shown again and not acted on.
  const isEdited = ({ type, value, defaultValue }) => type === "text" && value !== defaultValue;
  const kept = () =>
    document.querySelector("form[data-keep]") ??
    [...document.querySelectorAll("form[data-keep-edited]")].find((form) => [...form.elements].some(isEdited));
  const keepTyped = (event) => {
    const form = kept();
    if (!form) return;
    event.preventDefault();
    // However often it is clicked.
    const [path] = form.getAttribute("action").split("?");
    form.setAttribute("action", `${path}?keep`);
    HTMLFormElement.prototype.submit.call(form);
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
    line?.remove();
    line = document.createElement("p");
    line.id = "not-live";
    line.setAttribute("role", "alert");
    reload = document.createElement("a");
    reload.href = location.href;
    reload.textContent = "Reload the page";
    const what = why === "old"
      ? `A new version of the console is here.${kept() ? " What you typed in the form stays." : ""} `
      : "This page is not live: it does not update by itself. Links and forms work. ";
    line.append(what, reload);
    // What lies outside of a modal dialog can't be reached.
    const dialog = document.querySelector("dialog:modal");
    if (dialog) dialog.prepend(line);
    else document.body.append(line);
  };
  const report = (body) => {
    fetch("/not-live", { method: "POST", body, keepalive: true }).catch(() => {});
  };

  addEventListener("not-live", ({ detail }) => {
    if (why === detail) return;
    if (!why) report(detail);
    why ??= detail;
    if (detail !== "slow") why = detail;
    place = location.pathname + location.search;
    const wasLive = root.dataset.hydrated;
    root.classList.remove("js");
    delete root.dataset.hydrated;
    // What the script had put off comes after its end.
    setTimeout(() => why && delete root.dataset.hydrated, 100);
    say();
    const live = document.querySelector(".live");
    // A script that only comes late must find the page as it was.
    if (live && (wasLive || why === "old" || why === "panic")) {
      live.dataset.state = "lost";
      live.querySelector(".live-text").textContent = "Not live";
      for (const button of live.querySelectorAll("button")) button.hidden = true;
    }
  });
  addEventListener("live-at-last", () => {
    if (why !== "slow") return;
    why = undefined;
    root.classList.add("js");
    line?.remove();
    line = undefined;
  });
})();
