/** One entry as a person reads and writes it: YAML, as it would stand in a file. */
import { stringify } from 'yaml'
import { readYaml } from '../yaml.ts'
import { terse } from './written.ts'

export const entryText = (entry: unknown): string => stringify(terse(entry), { lineWidth: 0 })

/** Throws one sentence with line and column where it is no YAML of one entry. `what`: of which entry, for the sentence. */
export const parseEntry = (text: string, what: string): unknown => {
  const yaml = readYaml(text)
  if ('why' in yaml) throw new Error(`${what}, line ${yaml.line}, column ${yaml.col}: this is not YAML: ${yaml.why}`)
  const entry = yaml.value
  if (typeof entry !== 'object' || entry === null) throw new Error(`${what}: write its fields, such as "id: so-y-te"`)
  return entry
}
