/** Where in a YAML file something stands, for the sentence that says what is wrong with it. */
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type LineCounter } from 'yaml'

/** The line of a path, or of the nearest thing around it that stands in the file. */
export const lineOf = (document: Document, lines: LineCounter, path: readonly PropertyKey[]): number => {
  let node: unknown = document.contents
  let line = 1
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document)
    let next: unknown
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === part)
      const key = pair?.key
      if (isScalar(key) && key.range) line = lines.linePos(key.range[0]).line
      next = pair?.value
    } else if (isSeq(node)) {
      next = node.items[part as number]
      const range = (next as { range?: readonly number[] } | undefined)?.range
      if (range) line = lines.linePos(range[0]!).line
    }
    if (next === undefined) break
    node = next
  }
  return line
}
