/** What is wrong with a rule: where it stands, what was found and what was expected. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

export class SigmaError extends Error {
  override readonly name: string = 'SigmaError'
  readonly place: Place
  constructor(place: Place, sentence: string) {
    super(`${place.file}:${place.line}:${place.column}: ${sentence}`)
    this.place = place
  }
}

/** A part of Sigma that is right but not understood here yet. */
export class NotYet extends SigmaError {
  override readonly name = 'NotYet'
  /** 'modifier windash', 'correlation type temporal'. */
  readonly part: string
  constructor(place: Place, part: string) {
    super(place, `not there yet: ${part}`)
    this.part = part
  }
}

/** An error found before its place in the file is known. */
export class Wrong extends Error {
  override readonly name = 'Wrong'
  readonly notYet: string | undefined
  /** Code units into the text that was read, where it is known. */
  readonly offset: number | undefined
  constructor(sentence: string, options: { notYet?: string; offset?: number } = {}) {
    super(sentence)
    this.notYet = options.notYet
    this.offset = options.offset
  }
}
export const notYet = (part: string): Wrong => new Wrong(`not there yet: ${part}`, { notYet: part })

export const quoted = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  const json = JSON.stringify(value) ?? String(value)
  return json.length > 80 ? `${json.slice(0, 77)}…` : json
}

/** Insertions, deletions, replacements and swaps of two letters between two names; stops counting above `most`. */
export const distance = (a: string, b: string, most = 8): number => {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced, swapped ? before[j - 2]! + 1 : replaced))
    }
    ;[before, row] = [row, next]
  }
  return row[b.length]!
}

/** Of these names the one that is least away, by `most` letters at most. */
export const nearest = (name: string, names: Iterable<string>, most = 8): string | undefined => {
  let best: string | undefined
  let least = most + 1
  for (const each of names) {
    const d = distance(name.toLowerCase(), each.toLowerCase())
    if (d < least) [best, least] = [each, d]
  }
  return best
}
