// The banner in a platform's pages, for both browsers.
import { html, page, type PageOf } from "./pages.ts";

/** The lines of the gateway's table for it. */
export const BROWSERS = ['browser.domain = "localhost"', "browser.inject_banner = true"];

const policy = (value: string | string[]) => page(html("", "<p>Strict"), { "content-security-policy": value });
const NEVER_ALONE = "default-src 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/** Pages that let few scripts run, or lead elsewhere. */
export const STRICT_PAGES: Record<string, PageOf> = {
  "/base": page(html('<base href="https://cdn.example.net/app/" target="elsewhere">', "")),
  "/strict-dynamic": policy("script-src 'nonce-abc' 'strict-dynamic'; base-uri 'none'"),
  "/hashes": policy("script-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; style-src 'none'"),
  "/nothing": policy(NEVER_ALONE),
  "/several": policy(["script-src 'self'", NEVER_ALONE]),
  "/sandbox": policy("sandbox allow-scripts allow-same-origin allow-forms"),
  "/meta": page(html(`<meta http-equiv="Content-Security-Policy" content="script-src 'none'; style-src 'none'">`, "")),
};

/** Lets a page's script see into every shadow root. It must run before the page's own. */
export const openShadowRoots = () => {
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (init) {
    return attach.call(this, { ...init, mode: "open" });
  };
};

/** The banner's text, in one line. */
export const textOfBanner = (host: Element): string => {
  const section = host.shadowRoot?.querySelector("section");
  return section ? section.innerText.replaceAll(/\s+/g, " ") : "closed";
};
