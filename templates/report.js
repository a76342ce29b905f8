// Comfort only: the report is complete without it.
(() => {
  "use strict";
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));
  const by = (id) => document.getElementById(id);
  const checks = all("#checks .check");

  const tools = by("tools");
  if (tools && checks.length > 0) {
    tools.hidden = false;
    const search = by("search");
    const choices = ["outcome", "severity", "gate"].map(by);
    const found = by("found");
    const nothing = by("nothing");
    // What a search looks at: the check without its findings, and each finding for itself.
    const parts = checks.map((check) => {
      const findings = all(".finding", check).map((finding) => ({ finding, text: finding.textContent.toLowerCase() }));
      let own = check.textContent.toLowerCase();
      for (const { text } of findings) own = own.replace(text, " ");
      return { check, findings, own, gates: check.dataset.gates.split(", ") };
    });
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const [outcome, severity, gate] = choices.map((choice) => choice.value);
      let shown = 0;
      let hits = 0;
      for (const { check, findings, own, gates } of parts) {
        const chosen = (!outcome || check.dataset.outcome === outcome)
          && (!severity || check.dataset.severity === severity) && (!gate || gates.includes(gate));
        const left = words.filter((word) => !own.includes(word));
        let fitting = 0;
        for (const { finding, text } of findings) {
          const fits = left.every((word) => text.includes(word));
          finding.hidden = !fits;
          fitting += fits ? 1 : 0;
        }
        const fits = chosen && (left.length === 0 || fitting > 0);
        check.hidden = !fits;
        shown += fits ? 1 : 0;
        hits += fits ? fitting : 0;
        if (fits && left.length > 0) check.open = true;
      }
      for (const area of all(".area")) area.hidden = !area.querySelector(".check:not([hidden])");
      const narrowed = words.length > 0 || outcome || severity || gate;
      found.textContent = narrowed ? `${shown} of ${checks.length} checks, ${hits} ${hits === 1 ? "entry" : "entries"}` : "";
      nothing.hidden = shown > 0;
    };
    const clear = () => {
      search.value = "";
      for (const choice of choices) choice.value = "";
      filter();
    };
    search.addEventListener("input", filter);
    for (const choice of choices) choice.addEventListener("change", filter);
    by("clear").addEventListener("click", () => { clear(); search.focus(); });
    by("unfold").addEventListener("click", () => checks.forEach((check) => { check.open = true; }));
    by("fold").addEventListener("click", () => checks.forEach((check) => { check.open = false; }));
    document.addEventListener("keydown", (event) => {
      const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        search.focus();
        search.scrollIntoView({ block: "center" });
      }
    });
    addEventListener("hashchange", () => {
      const target = location.hash.length > 1 && by(decodeURIComponent(location.hash.slice(1)));
      if (target && target.closest("#checks") && target.closest("[hidden]")) clear();
    });
  }

  const reveal = () => {
    const target = location.hash.length > 1 && by(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);
  reveal();

  // A page opened from disk has no clipboard object in some browsers; the old way works there.
  const copy = async (text) => {
    if (navigator.clipboard) {
      try { await navigator.clipboard.writeText(text); return true; } catch { /* the old way then */ }
    }
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "offscreen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };
  for (const block of all("pre.command")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy the command");
    button.addEventListener("click", async () => {
      button.textContent = (await copy(block.textContent)) ? "Copied" : "Not copied";
      button.focus();
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    const box = document.createElement("div");
    box.className = "with-copy";
    block.replaceWith(box);
    box.append(block, button);
  }

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])").filter((d) => !d.classList.contains("explanation"));
    folded.forEach((d) => { d.open = true; });
  });
  addEventListener("afterprint", () => { folded.forEach((d) => { d.open = false; }); });
})();
