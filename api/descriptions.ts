/** The folder of parsers of one's own: a file each, `<id>.yml`, beside it sample lines and what is expected of them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readDescription } from '../ingest/described/check.ts'
import type { Description } from '../ingest/described/described.ts'

/** By id. Throws a sentence that names file, line and column, and what to do. */
export const readDescriptions = (folder: string): ReadonlyMap<string, Description> => {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch (error) {
    throw new Error(
      `${folder} cannot be read (${(error as NodeJS.ErrnoException).code}): "parsers:" names a folder of parsers of one's own; vonglau parsers new --folder ${folder} <id> writes the first`,
    )
  }
  const found = new Map<string, Description>()
  for (const name of names.filter((each) => /\.ya?ml$/.test(each)).sort()) {
    const file = join(folder, name)
    const described = readDescription(readFileSync(file, 'utf8'), file)
    const id = name.replace(/\.ya?ml$/, '')
    if (described.id !== id)
      throw new Error(`${file}: its id is ${described.id}: name the file ${described.id}.yml, or write id: ${id}`)
    found.set(described.id, described)
  }
  return found
}
