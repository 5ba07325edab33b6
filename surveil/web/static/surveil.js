// Times in the viewer's zone, the choice of light or dark, and charts. All data comes as HTML.
"use strict";
(() => {
  const root = document.documentElement;
  const kept = localStorage.getItem("theme");
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;

  const isDark = () =>
    root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const words = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const localise = (within) => {
    for (const one of within.querySelectorAll("time[datetime]")) {
      one.textContent = words.format(new Date(one.dateTime));
      one.title = one.dateTime;
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    localise(document);
    const named = document.getElementById("zone");
    if (named) named.textContent = `your zone, ${zone}`;
    document.getElementById("theme")?.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      localStorage.setItem("theme", root.dataset.theme);
      document.dispatchEvent(new Event("theme"));
    });
  });
  document.addEventListener("htmx:afterSwap", (event) => localise(event.target));

  // What cannot be brought up to date stays, and is said to.
  let fresh = new Date();
  const away = (why) => {
    const banner = document.getElementById("away");
    banner.textContent = `${why}. What is shown is of ${words.format(fresh)}; it is asked for again.`;
    banner.hidden = false;
  };
  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.xhr.status >= 400) return;
    fresh = new Date();
    document.getElementById("away").hidden = true;
    // What has just come and is filled by another request does not wait for its next turn.
    for (const one of document.querySelectorAll("[data-fills]"))
      if (one !== event.detail.elt && document.querySelector(`${one.dataset.fills}:empty`)) htmx.trigger(one, "missing");
  });
  document.addEventListener("htmx:responseError", (event) =>
    away(event.detail.xhr.status === 503 ? "The database or the daemon is away" : `The dashboard answers ${event.detail.xhr.status}`));
  document.addEventListener("htmx:sendError", () => away("The dashboard does not answer"));
})();

// Charts: an element with data-chart has the address of its figures.
(() => {
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const percent = (part) => (part == null ? "–" : `${Math.round(part * 100)}%`);
  const at = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "medium" });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const drawn = new Map();
  const pictured = new Map();

  // As a file the chart stands alone: with its name, its time and its legend.
  const save = (element) => {
    const data = pictured.get(element);
    if (!data) return;
    const frame = document.createElement("div");
    const chart = echarts.init(frame, null, { width: 1200, height: 480 });
    chart.setOption(data.rows ? rows(data) : timeline(data));
    const [from, to] = data.rows
      ? [data.rows[0]?.from[0], data.rows[0]?.from.at(-1)]
      : [data.from[0], data.to];
    const range = from == null ? "" : `, ${at.format(from)} – ${at.format(to)} (${zone})`;
    const style = { color: css("--fg"), fontSize: 16 };
    chart.setOption({
      toolbox: { show: false },
      title: { text: `${element.dataset.title}${range}`, left: 12, top: 8, textStyle: style },
      legend: { top: 36, textStyle: { color: css("--fg") }, ...(data.rows ? {} : { data: data.series.map((one) => one.name) }) },
      grid: data.rows ? { top: 84, bottom: 36 } : [{ top: 84, height: "56%" }, { top: "82%", height: "10%" }],
    });
    const link = document.createElement("a");
    link.href = chart.getDataURL({ pixelRatio: 2, backgroundColor: css("--bg") });
    link.download = `${element.dataset.title.replace(/[^\w-]+/g, "-")}.png`;
    link.click();
    chart.dispose();
  };

  const toolbox = { show: true, right: 0, top: -100, feature: { dataZoom: { yAxisIndex: "none" } } };

  const timeline = (data) => {
    const few = (i) => (data.few[i] ? 0.45 : 1);
    const ends = data.from.map((_, i) => data.from[i + 1] ?? data.to);
    // The first and the last bucket may be cut off; bars have one width, that of a whole one.
    const half = Math.max(...ends.map((end, i) => end - data.from[i])) / 2;
    const middle = (i) => (i || ends.length < 2 ? data.from[i] + half : ends[i] - half);
    const axis = { type: "time", containShape: false, min: data.from[0], max: data.to, axisLabel: { color: css("--dim"), hideOverlap: true } };
    const bars = data.series.map((one) => ({
      name: one.name, type: "bar", stack: "shares", barCategoryGap: 0, itemStyle: { color: one.colour },
      data: one.shares.map((share, i) => ({ value: [middle(i), share], itemStyle: { opacity: few(i) } })),
    }));
    bars[0].markArea = {
      silent: true, itemStyle: { color: css("--gap"), opacity: 0.45 }, label: { color: css("--fg"), fontSize: 10 },
      data: data.gaps.map((gap) => [{ xAxis: Math.max(gap.from, data.from[0]), name: gap.to - gap.from > (data.to - data.from[0]) / 20 ? gap.reason : "" }, { xAxis: Math.min(gap.to, data.to) }]),
    };
    bars[0].markLine = {
      symbol: ["none", "pin"], symbolSize: 14, lineStyle: { color: css("--bad") }, label: { show: false },
      data: data.alerts.map((alert) => ({ xAxis: alert.at, name: alert.rule })),
    };
    const tip = (points) => {
      const i = points[0].dataIndex;
      const shares = data.series.filter((one) => one.shares[i]).map((one) => `${one.name} ${percent(one.shares[i])}`);
      const seen = data.votes[i] ? `${data.votes[i]} votes${data.few[i] ? " (few faces)" : ""}` : "nobody seen";
      return [at.format(data.from[i]), `${percent(data.coverage[i])} analysed, ${seen}`, ...shares].join("<br>");
    };
    return {
      animation: false, backgroundColor: "transparent", textStyle: { color: css("--fg") },
      aria: { enabled: true }, tooltip: { trigger: "axis", formatter: tip, confine: true },
      toolbox,
      grid: [{ left: 48, right: 12, top: 12, height: "64%" }, { left: 48, right: 12, top: "80%", height: "10%" }],
      xAxis: [{ ...axis, gridIndex: 0, axisLabel: { show: false } }, { ...axis, gridIndex: 1 }],
      yAxis: [
        { gridIndex: 0, min: 0, max: 1, axisLabel: { color: css("--dim"), formatter: percent }, splitLine: { lineStyle: { color: css("--line") } } },
        { gridIndex: 1, min: 0, max: 1, interval: 1, axisLabel: { color: css("--dim"), formatter: percent }, splitLine: { show: false } },
      ],
      series: [...bars, {
        name: "analysed", type: "line", step: "start", xAxisIndex: 1, yAxisIndex: 1, symbol: "none",
        areaStyle: { color: css("--accent"), opacity: 0.35 }, lineStyle: { color: css("--accent"), width: 1 },
        data: data.from.map((from, i) => [from, data.coverage[i]]),
      }],
    };
  };

  const rows = (data) => ({
    animation: false, backgroundColor: "transparent", textStyle: { color: css("--fg") }, aria: { enabled: true, decal: { show: true } },
    // Of our own making: that of ECharts has styles within it, which the policy forbids.
    tooltip: {
      trigger: "axis", confine: true,
      formatter: (points) => [at.format(points[0].value[0]), ...points.map((one) => `${one.seriesName} ${percent(one.value[1])}`)].join("<br>"),
    },
    legend: { textStyle: { color: css("--fg") }, top: 0, type: "scroll" },
    toolbox,
    grid: { left: 48, right: 12, top: 36, bottom: 28 },
    xAxis: { type: "time", axisLabel: { color: css("--dim"), hideOverlap: true } },
    yAxis: { min: 0, axisLabel: { color: css("--dim"), formatter: percent }, splitLine: { lineStyle: { color: css("--line") } } },
    series: data.rows.map((row, n) => ({
      name: row.name, type: "line", symbol: ["circle", "rect", "triangle", "diamond"][n % 4], symbolSize: 5, connectNulls: false,
      data: row.from.map((from, i) => [from - (row.from[0] - data.rows[0].from[0]), row.shares[i]]),
    })),
  });

  const draw = async (element) => {
    const answer = await fetch(element.dataset.chart, { headers: { accept: "application/json" } });
    if (!answer.ok) {
      element.textContent = (await answer.text()).slice(0, 300) || "no figures";
      return;
    }
    const data = await answer.json();
    const chart = drawn.get(element) ?? echarts.init(element);
    drawn.set(element, chart);
    chart.setOption(data.rows ? rows(data) : timeline(data), true);
    pictured.set(element, data);
    chart.dispatchAction({ type: "takeGlobalCursor", key: "dataZoomSelect", dataZoomSelectActive: true });
    chart.off("datazoom");
    chart.on("datazoom", (event) => {
      const { startValue, endValue } = event.batch?.[0] ?? event;
      if (startValue == null || endValue - startValue < 2000) return;
      const url = new URL(element.dataset.view ?? location.href, location.href);
      url.searchParams.set("from", new Date(startValue).toISOString());
      url.searchParams.set("to", new Date(endValue).toISOString());
      url.searchParams.delete("bucket");
      location.assign(url);
    });
  };
  document.addEventListener("DOMContentLoaded", () => {
    const elements = [...document.querySelectorAll("[data-chart]")];
    elements.forEach(draw);
    document.addEventListener("theme", () => elements.forEach(draw));
    addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
    for (const field of document.querySelectorAll("[data-zone]"))
      field.value = zone;
    for (const button of document.querySelectorAll("[data-save]"))
      button.addEventListener("click", () => elements.forEach(save));
  });
})();
