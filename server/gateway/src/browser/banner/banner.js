// Says in a page of the platform in whose name, in which tenant and for how much longer it is looked
// at, and ends the support session. An ES module: however often a page includes it, it runs once.
// It writes no markup and no inline style, so that `script-src 'self'; connect-src 'self'` is enough.

const OWN = "/.support-console";
const NAME = "support-console-banner";
/** How often it is asked whether the session is still active, in milliseconds. */
const ASK_EVERY = 15_000;
/** From here on the time left is also said, in seconds. */
const NEARLY_OVER = 60;

const OVER = {
  session_expired: "The support session has expired.",
  session_revoked: "The support session was ended.",
};
const NOT_OPEN = "This tenant is no longer open in this browser.";

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

/** `1:02:03`, or `02:03` below an hour. */
const clock = (seconds) => {
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  const hours = Math.floor(seconds / 3600);
  const text = parts.map((part) => String(part).padStart(2, "0")).join(":");
  return hours > 0 ? `${hours}:${text}` : text;
};

class Banner {
  #staff = make("strong");
  #tenant = make("strong");
  #left = make("span", { className: "left" });
  #facts = make("dl");
  #status = make("p", { className: "status" });
  #session;
  #console = "";
  #endsAt = 0;
  #said = false;
  #timers = [];

  constructor(root) {
    this.#left.setAttribute("role", "timer");
    this.#status.setAttribute("role", "status");
    this.#session = make(
      "div",
      { className: "session" },
      make("p", {}, this.#staff, " in ", this.#tenant),
      this.#left,
      make("form", { method: "post", action: `${OWN}/end` }, make("button", {}, "End now")),
      make("details", {}, make("summary", {}, "Support session"), this.#facts),
    );
    const region = make("section", {}, this.#session, this.#status);
    region.setAttribute("aria-label", "Support session");
    root.append(region);
  }

  /** Shows a session as the gateway describes it. */
  show(session) {
    this.#console = session.console_url;
    this.#staff.textContent = session.staff.name;
    this.#tenant.textContent = session.tenant.name;
    const facts = [
      ["Tenant", session.tenant.id],
      ["Organization", session.organization?.id],
      ["Scopes", session.scopes.join(", ")],
      ["Reason", session.reason],
    ];
    const shown = facts.filter(([, value]) => value);
    this.#facts.replaceChildren(
      ...shown.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
    );
    // Not by this machine's clock, which may be wrong.
    this.#endsAt = performance.now() + session.seconds_left * 1000;
    this.#tick();
  }

  start() {
    const whenSeen = () => document.visibilityState === "visible" && this.ask();
    this.#timers = [setInterval(() => this.#tick(), 1000), setInterval(whenSeen, ASK_EVERY)];
    document.addEventListener("visibilitychange", whenSeen);
  }

  /** Asks the gateway again; `false` if there is no session any more. */
  async ask() {
    const answer = await fetch(`${OWN}/session`, {
      cache: "no-store",
      headers: { accept: "application/json" },
    }).catch(() => null);
    if (answer?.ok) {
      this.show(await answer.json());
    } else if (answer?.status === 401) {
      const problem = await answer.json().catch(() => ({}));
      this.#over(OVER[problem.code] ?? NOT_OPEN);
      return false;
    }
    return true;
  }

  #tick() {
    const seconds = Math.max(0, Math.ceil((this.#endsAt - performance.now()) / 1000));
    this.#left.textContent = `${clock(seconds)} left`;
    if (seconds <= NEARLY_OVER && !this.#said) {
      this.#said = true;
      this.#status.textContent = "The support session ends in one minute.";
    }
    if (seconds === 0 && this.#timers.length > 0) {
      this.ask();
    }
  }

  #over(text) {
    this.#timers.forEach(clearInterval);
    this.#timers = [];
    this.#session.remove();
    const back = make("a", { href: this.#console || "about:blank" }, "Back to Support Console");
    this.#status.replaceChildren(text, " ", ...(this.#console ? [back] : []));
    this.#status.classList.add("over");
  }
}

/** Beside the body, not in it: what a page does with its own content does not remove it. */
const put = async () => {
  const host = make(NAME);
  const root = host.attachShadow({ mode: "closed" });
  const style = await fetch(`${OWN}/banner.css`);
  const sheet = new CSSStyleSheet();
  await sheet.replace(style.ok ? await style.text() : "");
  root.adoptedStyleSheets = [sheet];
  const banner = new Banner(root);
  if (await banner.ask()) {
    banner.start();
  }
  document.documentElement.append(host);
};

if (window.top === window && !document.querySelector(NAME)) {
  await put();
}
