"use strict";
(function () {
  const tip = document.getElementById("tip");
  const views = [];

  function line(name, value) {
    const row = document.createElement("div");
    if (name) {
      const key = document.createElement("span");
      key.textContent = name;
      row.append(key, " ");
    }
    row.append(String(value));
    return row;
  }

  function show(handler, event, item, value) {
    if (value === null || value === undefined || value === "") {
      tip.hidden = true;
      return;
    }
    const rows = typeof value === "object" ? Object.entries(value) : [["", value]];
    tip.replaceChildren(...rows.filter((r) => r[1] !== "").map((r) => line(r[0], r[1])));
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, document.documentElement.clientWidth - box.width - 8);
    const below = event.clientY + 14;
    const top = below + box.height > window.innerHeight ? event.clientY - box.height - 12 : below;
    tip.style.left = Math.max(8, left) + "px";
    tip.style.top = Math.max(8, top) + "px";
  }

  function fit() {
    for (const [view, box] of views) {
      const width = box.clientWidth;
      if (width > 0 && width !== view.width()) view.width(width).resize().run();
    }
  }

  function print(on) {
    document.documentElement.classList.toggle("paper", on);
    fit();
  }

  const done = [];
  document.documentElement.classList.add("drawing"); // without scripts still pictures stand in
  for (const box of document.querySelectorAll(".chart")) {
    box.style.minHeight = box.dataset.height + "px";
    const spec = JSON.parse(document.getElementById(box.dataset.spec).textContent);
    // ast: expressions are interpreted, so that the page's policy need not allow code made from text
    const options = { mode: "vega", renderer: "svg", actions: false, defaultStyle: false, ast: true, hover: true, tooltip: show };
    done.push(vegaEmbed(box, spec, options).then(function (made) { views.push([made.view, box]); }));
  }
  Promise.all(done).then(function () {
    for (const box of document.querySelectorAll(".chart")) {
      box.style.minHeight = "0";
      box.setAttribute("role", "img"); // a chart is one picture with its words: what is drawn inside says nothing by itself
      for (const picture of box.querySelectorAll("svg")) picture.setAttribute("aria-hidden", "true");
    }
    for (const box of document.querySelectorAll(".scroll")) if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    document.documentElement.dataset.drawn = String(views.length);
  });
  document.addEventListener("scroll", function () { tip.hidden = true; }, { passive: true });
  window.addEventListener("beforeprint", function () { print(true); });
  window.addEventListener("afterprint", function () { print(false); });
  window.matchMedia("print").addEventListener("change", function (event) { print(event.matches); });
})();
