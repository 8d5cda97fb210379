import { format } from './types.js';

const RIGHT = new Set(['integer', 'number']);

/** The table for people: aligned columns, numbers to the right, at most `limit` rows. */
export function render(table, { limit = 20, missing = '–' } = {}) {
  const { names, types } = table;
  const shown = [];
  for (const row of table.head(limit).rows()) {
    shown.push(row.map((value, place) => format(value, types[names[place]], missing)));
  }
  const widths = names.map((name, place) => Math.max(...[name, ...shown.map((row) => row[place])].map(width)));
  const line = (cells) =>
    cells
      .map((text, place) => {
        const space = ' '.repeat(widths[place] - width(text));
        return RIGHT.has(types[names[place]]) ? space + text : text + space;
      })
      .join('  ')
      .trimEnd();
  const left = table.length - shown.length;
  return [line(names), line(widths.map((each) => '─'.repeat(each))), ...shown.map(line), ...(left > 0 ? [`… ${left} more`] : [])].join(
    '\n',
  );
}

function width(text) {
  return [...text].length;
}
