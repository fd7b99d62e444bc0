import { createElement as e, useState } from "react";

/** A whole document, as both sides render it. A late one has its script at the end. */
export function Page({ late }) {
  const [count, setCount] = useState(0);
  const script = e("script", { src: "/app.js", defer: !late });
  return e("html", { lang: "en" },
    e("head", null, e("meta", { charSet: "utf-8" }), e("title", null, "Counter"), late ? null : script),
    e("body", null, e("h1", null, "Counter"), e("button", { onClick: () => setCount(count + 1) }, "Count ", count), late ? script : null));
}
