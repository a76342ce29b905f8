// Comfort only: the report is complete without it.
(() => {
  "use strict";
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const checks = all(".check");

  const tools = document.getElementById("tools");
  const search = document.getElementById("search");
  const outcome = document.getElementById("outcome");
  const found = document.getElementById("found");
  if (tools && checks.length > 0) {
    tools.hidden = false;
    const texts = new Map(checks.map((check) => [check, check.textContent.toLowerCase()]));
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const check of checks) {
        const fits = (!outcome.value || check.dataset.outcome === outcome.value)
          && words.every((word) => texts.get(check).includes(word));
        check.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      for (const area of all(".area")) area.hidden = !area.querySelector(".check:not([hidden])");
      found.textContent = words.length || outcome.value ? `${shown} of ${checks.length} checks` : "";
    };
    search.addEventListener("input", filter);
    outcome.addEventListener("change", filter);
    document.getElementById("unfold").addEventListener("click", () => checks.forEach((c) => { c.open = true; }));
    document.getElementById("fold").addEventListener("click", () => checks.forEach((c) => { c.open = false; }));
  }

  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") { target.hidden = false; target.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);
  reveal();

  if (navigator.clipboard) {
    for (const block of all("pre.command")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.setAttribute("aria-label", "Copy the command");
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(block.querySelector("code").textContent);
          button.textContent = "Copied";
        } catch {
          button.textContent = "Not copied";
        }
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      });
      const box = document.createElement("div");
      box.className = "with-copy";
      block.replaceWith(box);
      box.append(block, button);
    }
  }

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])").filter((d) => !d.classList.contains("explanation"));
    folded.forEach((d) => { d.open = true; });
  });
  addEventListener("afterprint", () => { folded.forEach((d) => { d.open = false; }); });
})();
