// The addresses in a text, so that they can be shown as links.

const ADDRESS = /\bhttps?:\/\/[^\s<>"']+/gi;
const NOT_AT_THE_END = /[.,;:!?)\]}]+$/;

/**
 * @param {string} text
 * @returns {{text: string, href?: string}[]} the text in pieces; those with `href` are addresses of the web
 */
export function piecesOf(text) {
  const pieces = [];
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(NOT_AT_THE_END, "");
    if (!isAddress(address)) continue;
    if (match.index > at) pieces.push({ text: text.slice(at, match.index) });
    pieces.push({ text: address, href: address });
    at = match.index + address.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}

function isAddress(text) {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}
