/** The lines of a text that are not those of another. */
export interface Line {
  readonly op: '=' | '-' | '+'
  readonly text: string
}

/** Pairs of lines that are compared; of what is more, all of the one stands before all of the other. */
const MOST = 4_000_000

export const difference = (before: string, after: string): readonly Line[] => {
  const [a, b] = [linesOf(before), linesOf(after)]
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++
  const as = (op: Line['op'], lines: readonly string[]) => lines.map((text): Line => ({ op, text }))
  return [
    ...as('=', a.slice(0, start)),
    ...between(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...as('=', a.slice(a.length - end)),
  ]
}
const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

/** By the longest sequence that both have. */
const between = (a: readonly string[], b: readonly string[]): readonly Line[] => {
  const [n, m] = [a.length, b.length]
  if (n * m > MOST)
    return [...a.map((text): Line => ({ op: '-', text })), ...b.map((text): Line => ({ op: '+', text }))]
  const width = m + 1
  const common = new Uint32Array((n + 1) * width)
  for (let i = n - 1; i >= 0; i--)
    for (let j = m - 1; j >= 0; j--)
      common[i * width + j] =
        a[i] === b[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!)
  const out: Line[] = []
  let [i, j] = [0, 0]
  while (i < n || j < m) {
    if (i < n && j < m && a[i] === b[j]) {
      out.push({ op: '=', text: a[i]! })
      i++
      j++
    } else if (j === m || (i < n && common[(i + 1) * width + j]! >= common[i * width + j + 1]!))
      out.push({ op: '-', text: a[i++]! })
    else out.push({ op: '+', text: b[j++]! })
  }
  return out
}

/** As a person reads it: what is the same is left out, but for some lines around what is not. */
export const differenceLines = (before: string, after: string, around = 3): readonly string[] => {
  const lines = difference(before, after)
  const near = lines.map((_, i) => lines.slice(Math.max(0, i - around), i + around + 1).some(({ op }) => op !== '='))
  return lines.flatMap(({ op, text }, i) =>
    near[i] ? [`${op === '=' ? ' ' : op} ${text}`] : near[i - 1] ? ['  …'] : [],
  )
}
