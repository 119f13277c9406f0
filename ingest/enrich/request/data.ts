/** The taxonomies of `data/`: each file says where its names are from and under which licence. */
import addresses from './data/addresses.json' with { type: 'json' }
import clients from './data/clients.json' with { type: 'json' }
import code from './data/code.json' with { type: 'json' }
import commands from './data/commands.json' with { type: 'json' }
import files from './data/files.json' with { type: 'json' }
import html from './data/html.json' with { type: 'json' }
import parameters from './data/parameters.json' with { type: 'json' }
import php from './data/php.json' with { type: 'json' }
import sql from './data/sql.json' with { type: 'json' }

export const DATA = { addresses, clients, code, commands, files, html, parameters, php, sql } as const

/** Lines of names, parted by blanks. */
export const listOf = (lines: readonly string[]): readonly string[] => lines.flatMap((line) => line.split(' '))
export const setOf = (lines: readonly string[]): ReadonlySet<string> => new Set(listOf(lines))

const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
/** The names as alternatives of an expression, the longer ones first. */
export const anyOf = (names: readonly string[]): string =>
  [...names]
    .sort((a, b) => b.length - a.length)
    .map(escaped)
    .join('|')

/**
 * Whether one of the names stands in a lower-case text, each beginning with the same character as `edge` says: a look-up for
 * each place where such a name may begin, however many names there are.
 */
export const finderOf = (
  names: readonly string[],
  head: number,
): ((text: string, at: number) => string | undefined) => {
  const byHead = new Map<string, string[]>()
  for (const name of names) {
    const key = name.slice(0, head)
    const same = byHead.get(key)
    if (same) same.push(name)
    else byHead.set(key, [name])
  }
  for (const same of byHead.values()) same.sort((a, b) => b.length - a.length)
  return (text, at) => byHead.get(text.slice(at, at + head))?.find((name) => text.startsWith(name, at))
}
