"""What a browser says of the contrast between words and what is behind them."""

from __future__ import annotations

CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (below, colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = below; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return `rgb(${[...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).join(" ")})`;
  };
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map(Number)
      .map((value) => value / 255).map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const bad = [];
  for (const each of document.querySelectorAll("main *, header *")) {
    const own = [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || each.closest("svg, dialog, .skip, .sr") || !each.checkVisibility()) continue;
    const chain = [];
    for (let up = each; up; up = up.parentElement) chain.unshift(getComputedStyle(up).backgroundColor);
    const below = chain.reduce(over, "white");
    const [a, b] = [light(over(below, getComputedStyle(each).color)), light(below)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`${each.tagName}.${each.className}: ${ratio.toFixed(2)}`);
  }
  return [...new Set(bad)];
}"""
"""Elements whose words have a contrast below 4.5 (WCAG 2.2, 1.4.3)."""
