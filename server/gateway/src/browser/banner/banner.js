// Shows in a page of the platform who looks at which tenant, the time left and refused requests, and can end the
// support session. The gateway injects it into a page as one inline script, and serves it as a file for pages that
// include it. If a page runs it several times, it starts once. It must stay plain ASCII, take only an id from the page,
// write no markup and no inline style, and use full addresses. Then neither a policy, nor a <base>, nor someone who
// copies its text can make it do something else.

const OWN = `${location.origin}/.support-console`;
const NAME = "support-console-banner";
/** How often the banner asks whether the session is still active, in milliseconds. */
const ASK_EVERY = 15_000;
/** How long to wait for an answer. */
const PATIENCE = 10_000;
/** How often to check that the banner is there and shows the right time. */
const LOOK_EVERY = 500;
/** When to show it in a page that is still loading. */
const LOADING = 5_000;
/** From this time left on, in seconds, the banner announces the end. */
const NEARLY_OVER = 60;
/** How long a refusal is news, in seconds, because the page may have been reloaded since. */
const NEWS = 10;
/** How many notices are shown at once. */
const NOTICES = 3;
/** How many blocked hosts are named. */
const HOSTS = 20;

const OVER = {
  session_expired: "The support session has expired.",
  session_revoked: "The support session was ended.",
};
const NOT_OPEN = "This tenant is no longer open in this browser.";
const CANT_SAY = "Support Console doesn't answer. The support session may have ended.";
/** A page without an origin, by its own policy, can't send requests. */
const ISOLATED = "This page is sandboxed, so that the time left can't be shown here.";
/** The corners, clockwise, with the banner's position. */
const CORNERS = {
  "bottom right": "auto 0 0 auto",
  "bottom left": "auto auto 0 0",
  "top left": "0 auto auto 0",
  "top right": "0 0 auto auto",
};
/** Browsers show nothing of a head. This shows the banner while it is there, and nothing else. */
const IN_HEAD = new CSSStyleSheet();
IN_HEAD.replaceSync(`
  head:has(> ${NAME}) { display: contents !important; }
  head:has(> ${NAME}) > :not(${NAME}) { display: none !important; }
`);
/** The policies' parts about what a page sends. */
const SENDING = ["connect-src", "form-action"];

/** The message if a page's own policy forbids the banner's requests. */
const KEPT = "This page's own policy keeps the time left from being asked for.";
/** The page's id, with which the banner reports to the gateway. The attribute is removed again. */
const page = encodeURIComponent(document.currentScript?.dataset.page ?? "");
document.currentScript?.remove();

// A page may replace these later, or hide them behind a field of a form.
const send = window.fetch.bind(window);
const { getAttribute, hasAttribute, setAttribute } = Element.prototype;

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

/** Whether an answer describes a session. Networks with a sign-in of their own answer in the gateway's place. */
const isSession = (said) =>
  [said?.seconds_left, said?.without_banner?.count].every(Number.isFinite) &&
  [said.staff?.name, said.tenant?.name, said.tenant?.id, said.console_url].every((text) => typeof text === "string") &&
  [said.scopes, said.refusals, said.upstream_origins, said.without_banner.paths].every(Array.isArray);

/** Why an answer says that the session is over here; nothing if it says something else, or isn't the gateway's. */
const whyOver = (answer, said) =>
  answer?.status === 401 && { ...OVER, not_open: NOT_OPEN, unauthenticated: NOT_OPEN }[said?.code];

/** A link to a page that asks whether to end the session. */
const toEnd = () => make("a", { href: `${OWN}/end`, target: "_self" }, "End the support session");

/** Changes a text only if it differs, so that observers of the page are not called for nothing. */
const say = (element, text) => {
  if (element.textContent !== text) {
    element.textContent = text;
  }
};

/** `1:02:03`, or `02:03` below an hour. */
const clock = (seconds) => {
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  const hours = Math.floor(seconds / 3600);
  const text = parts.map((part) => String(part).padStart(2, "0")).join(":");
  return hours > 0 ? `${hours}:${text}` : text;
};

/** The banner's corner and whether it is folded, for this tab at this host. */
const choice = {
  read() {
    try {
      const { corner, folded } = JSON.parse(sessionStorage.getItem(NAME)) ?? {};
      return { corner: Object.hasOwn(CORNERS, corner) ? corner : "bottom right", folded: folded === true };
    } catch {
      return { corner: "bottom right", folded: false };
    }
  },
  keep(chosen) {
    try {
      sessionStorage.setItem(NAME, JSON.stringify(chosen));
    } catch {
      // A page may have no storage.
    }
  },
};

/** The element and the attribute with the target of an event, if it has one. */
const leading = (event) => {
  if (event.type === "submit") {
    const { submitter, target } = event;
    const bySubmitter = submitter && hasAttribute.call(submitter, "formaction");
    return bySubmitter ? ["formaction", submitter] : ["action", target];
  }
  return ["href", event.composedPath().find(({ localName }) => localName === "a" || localName === "area")];
};

/** Whether a policy has stopped something that was to be sent. */
const isOfSending = ({ isTrusted, disposition, effectiveDirective }) =>
  isTrusted && disposition === "enforce" && SENDING.includes(effectiveDirective);

/** The current time, by the clock that stops while a machine sleeps and by the system's clock. */
const now = () => ({ steady: performance.now(), wall: Date.now() });

class Banner {
  host = make(NAME);
  #staff = make("strong", { dir: "auto" });
  #tenant = make("strong", { dir: "auto" });
  #left = make("span", { className: "left" });
  #facts = make("dl");
  #status = make("p", { className: "status" });
  #notices = make("div", { className: "notices" });
  #close = make("button", { type: "button", hidden: true }, "Close");
  #move = make("button", { type: "button" }, "Move");
  #fold = make("button", { type: "button" });
  #session;
  #section;
  #place = new CSSStyleSheet();
  #chosen = choice.read();
  #console = "";
  #origins = [];
  /** When the session ends, by either clock; undefined if that is not known. */
  #ends;
  #asking = false;
  #askedAt = 0;
  #hasAnswer = false;
  #hasStood = false;
  /** Whether a policy of the page forbids to ask. */
  #isKept = false;
  /** Whether there may be news. */
  #wanted = false;
  #isOver = false;
  #saidEnd = false;
  /** The ids of refusals that were shown, or are too old. */
  #known = new Set();
  #stopped = new Set();
  /** How many pages without a banner were reported here. */
  #without = 0;

  constructor() {
    const root = this.host.attachShadow({ mode: "closed" });
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style, this.#place];
    this.#left.setAttribute("role", "timer");
    for (const live of [this.#status, this.#notices]) {
      live.setAttribute("role", "status");
    }
    const form = make("form", { method: "post", action: `${OWN}/end`, target: "_self" }, make("button", {}, "End now"));
    form.addEventListener("submit", () => setTimeout(() => this.#end(), 3000));
    this.#session = make(
      "div",
      { className: "session" },
      make("p", {}, this.#staff, " in ", this.#tenant),
      form,
      make("details", {}, make("summary", {}, "Details"), this.#facts),
    );
    const head = make("header", {}, make("span", {}, "Support session "), this.#left, this.#move, this.#fold);
    const notices = make("div", { className: "told" }, this.#notices, this.#close);
    this.#section = make("section", { dir: "ltr", lang: "en" }, notices, head, this.#session, this.#status);
    this.#section.setAttribute("aria-label", "Support session");
    root.append(this.#section);
    this.#move.addEventListener("click", () => this.#choose({ corner: this.#nextCorner() }));
    this.#fold.addEventListener("click", () => this.#choose({ folded: !this.#chosen.folded }));
    this.#close.addEventListener("click", () => this.#closeNotices());
    this.#choose({});
  }

  /** Keeps the banner in the page, whatever the page does with its content. */
  start() {
    const started = Date.now();
    const look = () => {
      this.#watchFrames(window);
      if (this.#hasStood || document.readyState !== "loading" || Date.now() - started > LOADING) {
        this.#stand();
      }
      this.#tick();
    };
    this.#listen();
    if (self.origin === "null") {
      this.#over(ISOLATED, `${OWN}/end`, "End the support session");
    }
    this.ask();
    document.addEventListener("DOMContentLoaded", look);
    setInterval(look, LOOK_EVERY);
    // In browsers that report the status, refusals of the gateway are shown at once.
    new PerformanceObserver((list) => {
      const isRefused = ({ name, responseStatus }) => responseStatus >= 400 && !name.startsWith(OWN);
      if (list.getEntries().some(isRefused)) {
        this.#wanted = true;
      }
    }).observe({ type: "resource" });
  }

  /**
   * Last in the body, where a script that renders the whole document (React) ignores it. Beside the body it would
   * cause an error. In a body that is still loading, new content would follow it. So until the page has loaded, it is
   * last in the head, which is complete once there is a body. The top layer makes it independent of the body's style.
   */
  #stand() {
    const { body, documentElement, head, readyState } = document;
    const isLoading = readyState === "loading";
    if (isLoading && !document.adoptedStyleSheets.includes(IN_HEAD)) {
      document.adoptedStyleSheets.push(IN_HEAD);
    }
    const loaded = body && body.localName === "body" ? body : documentElement;
    const place = (isLoading && head) || loaded;
    // A page that wraps all that it shows would hide it with the rest.
    const isInPlace = this.host.isConnected && this.host.parentNode === place;
    if (isInPlace || (isLoading && !body)) {
      return;
    }
    this.#hasStood = true;
    // A copy of the page has an empty copy of the banner.
    for (const copy of document.querySelectorAll(NAME)) {
      copy.remove();
    }
    place?.append(this.host);
    try {
      this.host.popover = "manual";
      this.host.showPopover();
    } catch {
      // Then only its style keeps it on top.
    }
    // A page that replaces its document has removed them. Existing ones are not added twice.
    this.#listen();
  }

  #listen() {
    document.addEventListener("visibilitychange", this.#whenSeen);
    document.addEventListener("securitypolicyviolation", this.#whenStopped);
    for (const event of ["pageshow", "online", "offline"]) {
      window.addEventListener(event, this.#whenSeen);
    }
    for (const event of ["click", "auxclick", "contextmenu", "submit"]) {
      window.addEventListener(event, this.#whenLeaving, true);
    }
  }

  #whenSeen = () => {
    if (document.visibilityState === "visible") {
      this.ask();
    }
  };

  /** A policy has stopped something that the page tried to send elsewhere. */
  #whenStopped = (event) => {
    const { effectiveDirective, blockedURI } = event;
    if (!isOfSending(event)) {
      return;
    }
    if (blockedURI === `${OWN}/end` && effectiveDirective === "form-action") {
      this.#end();
    } else if (blockedURI.startsWith(`${OWN}/session`)) {
      this.#isKept = true;
    } else {
      this.#nameStopped(blockedURI);
    }
  };

  #whenFrameStopped = (event) => {
    if (isOfSending(event)) {
      this.#nameStopped(event.blockedURI);
    }
  };

  #nameStopped(address) {
    const { host } = URL.canParse(address) ? new URL(address) : { host: "" };
    if (host !== "" && host !== location.host && this.#stopped.size < HOSTS && !this.#stopped.has(host)) {
      this.#stopped.add(host);
      const to = make("code", {}, host);
      this.#notice("This page was stopped from sending data past the record, to ", to);
    }
  }

  /** A policy that stops something in a frame says so there. Frames of other origins are not ours. */
  #watchFrames(page) {
    for (let place = 0; place < page.length; place++) {
      try {
        page[place].document.addEventListener("securitypolicyviolation", this.#whenFrameStopped);
        this.#watchFrames(page[place]);
      } catch {
        // Of another origin.
      }
    }
  }

  /** Redirects a page's link or form with the upstream's own address to this host. */
  #whenLeaving = (event) => {
    const [attribute, element] = leading(event);
    const address = element && getAttribute.call(element, attribute);
    if (!address || !URL.canParse(address, document.baseURI)) {
      return;
    }
    const url = new URL(address, document.baseURI);
    if (this.#origins.includes(url.origin)) {
      setAttribute.call(element, attribute, `${location.origin}${url.pathname}${url.search}${url.hash}`);
    }
  };

  /** Asks the gateway for the session's state. One request at a time. */
  async ask() {
    if (this.#asking || this.#isOver || this.#isKept) {
      return;
    }
    this.#asking = true;
    this.#wanted = false;
    this.#askedAt = Date.now();
    const asked = now();
    const isFirst = !this.#hasAnswer;
    const answer = await send(`${OWN}/session${isFirst ? `?page=${page}` : ""}`, {
      cache: "no-store",
      headers: { accept: "application/json" },
      keepalive: isFirst,
      // The gateway redirects nobody, and the page's policy would be blamed for one that leads elsewhere.
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE),
    }).catch(() => null);
    const said = await answer?.json().catch(() => null);
    this.#asking = false;
    const over = whyOver(answer, said);
    if (answer?.ok && isSession(said)) {
      this.#show(said, asked, isFirst);
    } else if (over) {
      this.#over(over);
    } else {
      this.#ends = undefined;
      this.#status.replaceChildren(...(this.#isKept ? [KEPT, " ", toEnd()] : [CANT_SAY]));
    }
    this.#tick();
  }

  /** Shows a session as the gateway describes it, for a request that was sent at this time. */
  #show(session, { steady, wall }, isFirst) {
    if (!this.#ends) {
      say(this.#status, "");
    }
    const left = session.seconds_left * 1000;
    this.#ends = { steady: steady + left, wall: wall + left };
    this.#console = session.console_url;
    if (isFirst) {
      this.#origins = session.upstream_origins;
    }
    const { count, paths } = session.without_banner;
    if (count > this.#without) {
      const path = make("code", {}, paths.at(-1));
      this.#notice(`Pages that were shown without this banner: ${count}. The last one: `, path);
      this.#without = count;
    }
    say(this.#staff, session.staff.name);
    say(this.#tenant, session.tenant.name);
    const facts = [
      ["Tenant", session.tenant.id],
      ["Organization", session.organization?.id],
      ["Scopes", session.scopes.join(", ")],
      ["Reason", session.reason],
    ];
    const shown = facts.filter(([, value]) => value);
    this.#facts.replaceChildren(
      ...shown.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", { dir: "auto" }, value))),
    );
    for (const { request_id: id, request, detail, seconds_ago: ago } of session.refusals) {
      if (!this.#known.has(id) && (this.#hasAnswer || ago <= NEWS)) {
        this.#notice("A request was refused: ", make("code", {}, request), ` ${detail} Request ${id}`);
      }
    }
    this.#known = new Set(session.refusals.map((refusal) => refusal.request_id));
    this.#hasAnswer = true;
  }

  #tick() {
    if (this.#isOver) {
      return;
    }
    const { steady, wall } = now();
    if (this.#ends) {
      // If the machine slept or a clock was set, the clock with less time left counts.
      const left = Math.min(this.#ends.steady - steady, this.#ends.wall - wall) / 1000;
      const seconds = Math.max(0, Math.ceil(left));
      say(this.#left, `${clock(seconds)} left`);
      if (seconds > 0 && seconds <= NEARLY_OVER && !this.#saidEnd) {
        this.#saidEnd = true;
        say(this.#status, "The support session ends in one minute.");
      }
      this.#wanted ||= seconds === 0;
    } else {
      say(this.#left, "can't say how long");
    }
    if (this.#isTime(this.#wanted ? 1000 : ASK_EVERY) && document.visibilityState === "visible") {
      this.ask();
    }
  }

  /** Whether the last request was this long ago or, if the clock was set, is in the future. */
  #isTime(interval) {
    return Math.abs(Date.now() - this.#askedAt) >= interval;
  }

  /** Ends the session if the form could not be sent. */
  async #end() {
    const answer = await send(`${OWN}/end`, { method: "POST", redirect: "error" }).catch(() => null);
    const said = await answer?.json().catch(() => null);
    const over = answer?.ok && said?.status === "ended" ? OVER.session_revoked : whyOver(answer, said);
    if (over) {
      this.#over(over);
    } else {
      this.#status.replaceChildren("It could not be ended from this page. ", toEnd());
    }
  }

  #over(text, href = this.#console, name = "Back to Support Console") {
    this.#isOver = true;
    this.#session.remove();
    this.#left.remove();
    const back = href && make("a", { href, target: "_self" }, name);
    this.#status.replaceChildren(text, " ", ...(back ? [back] : []));
    this.#status.classList.add("over");
  }

  #notice(...parts) {
    this.#notices.append(make("p", {}, ...parts));
    while (this.#notices.childElementCount > NOTICES) {
      this.#notices.firstElementChild.remove();
    }
    this.#close.hidden = false;
  }

  #closeNotices() {
    this.#notices.replaceChildren();
    this.#close.hidden = true;
    this.#fold.focus();
  }

  #nextCorner() {
    const corners = Object.keys(CORNERS);
    return corners[(corners.indexOf(this.#chosen.corner) + 1) % corners.length];
  }

  #choose(change) {
    this.#chosen = { ...this.#chosen, ...change };
    const { corner, folded } = this.#chosen;
    this.#place.replaceSync(`:host { inset: ${CORNERS[corner]} !important; }`);
    this.#section.classList.toggle("folded", folded);
    say(this.#fold, folded ? "Unfold" : "Fold");
    this.#fold.setAttribute("aria-expanded", String(!folded));
    this.#move.setAttribute("aria-label", `Move to the ${this.#nextCorner()}`);
    if (Object.keys(change).length > 0) {
      choice.keep(this.#chosen);
    }
  }
}

if (window.top === window && !window[Symbol.for(NAME)]) {
  Object.defineProperty(window, Symbol.for(NAME), { value: true });
  new Banner().start();
}
