// Everything on this page works already. The cache gets what the next page starts with.
document.documentElement.dataset.hydrated = "true";
if (build) for (const file of [js, wasm, ...parts]) fetch(file, { priority: "low" }).catch(() => {});
