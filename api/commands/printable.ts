/**
 * What a terminal shows is what there is: what a line of a log holds must not move the cursor (C0, C1, DEL), nor turn the
 * order of what is read around (bidirectional controls). Written as JSON writes it, so that JSON stays the same value.
 */
const UNSEEN = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu
const escaped = (sign: string) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Of lines: their ends and tabs stay. */
export const printable = (text: string): string =>
  text.replace(UNSEEN, (sign) => (sign === '\n' || sign === '\t' ? sign : escaped(sign)))

/** Of one cell of a table, which has one line. */
export const printableCell = (text: string): string => text.replace(UNSEEN, escaped)

/** A sentence to standard error. */
export const tell = (sentence: string): void => void process.stderr.write(`${printable(sentence)}\n`)
