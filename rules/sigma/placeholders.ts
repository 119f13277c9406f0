/** `%name%` in values (Sigma specification, "Placeholders"): what the inventory says of the name, each as a value of its own. */
import { type Placeholders, PLACEHOLDERS } from '../../ingest/inventory/placeholders.ts'
import { nearest, quoted, Wrong } from './error.ts'
import type { Raw } from './modifiers.ts'

const NAME = /%([A-Za-z_][A-Za-z0-9_]*)%/g
/** A wildcard in what the inventory says is none. */
const literal = (text: string): string => text.replace(/[\\*?]/g, '\\$&')
const MOST = 10_000

/** Whether a rule says otherwise when the inventory changes. */
export const namesPlaceholders = (yaml: string): boolean => /\|\s*expand\b/.test(yaml)

export const expanded = (values: readonly Raw[], placeholders: Placeholders | undefined): Raw[] => {
  const out = values.flatMap((value): Raw[] => {
    if (typeof value !== 'string')
      throw new Wrong(`expand needs a text with a name such as %portal_hosts%, found ${quoted(value)}`)
    const names = [...value.matchAll(NAME)].map(([, name]) => name!)
    if (names.length === 0) throw new Wrong(`${quoted(value)} has no name to expand: write one such as %portal_hosts%`)
    return [...new Set(names)].reduce<string[]>(
      (made, name) => {
        const known = placeholders?.(name)
        if (!known) {
          const near = nearest(name, PLACEHOLDERS)
          throw new Wrong(
            `nothing is called %${name}% here${near ? `; the nearest is %${near}%` : ''} (there are ${PLACEHOLDERS.map((each) => `%${each}%`).join(', ')})`,
          )
        }
        return made.flatMap((text) => known.map((word) => text.replaceAll(`%${name}%`, () => literal(word))))
      },
      [value],
    )
  })
  if (out.length > MOST)
    throw new Wrong(`expanded these are ${out.length} values, and ${MOST} at most can be compared: name fewer`)
  return out
}
