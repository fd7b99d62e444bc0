// What others do to a page in a browser, such as translators and proxies. These functions run there.

/** What others do to all nodes of a kind: once the page is there, or now if it is live. */
export const change = ({ what, isLive }: { what: string; isLive: boolean }) => {
  const now = () => {
    const walker = document.createTreeWalker(document.body, what === "remove" ? NodeFilter.SHOW_COMMENT : NodeFilter.SHOW_TEXT);
    const nodes: ChildNode[] = [];
    while (walker.nextNode()) nodes.push(walker.currentNode as ChildNode);
    for (const node of nodes) {
      if (what === "remove") {
        node.remove();
        continue;
      }
      const wrapper = document.createElement(what === "wrap" ? "font" : "span");
      node.replaceWith(wrapper);
      wrapper.append(what === "wrap" ? `${node.textContent}` : node);
    }
  };
  if (isLive) now();
  else document.addEventListener("DOMContentLoaded", now);
};
