/** What a province can change of its reports: files of its folder before the program's own. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { closingRules, type ClosingRules } from './period.ts'

const OWN = fileURLToPath(new URL('./templates', import.meta.url))

export interface Templates {
  /** Folder and name of the template of the typesetter, which reads nothing outside of the folder. */
  readonly page: { readonly folder: string; readonly file: string }
  readonly fonts: readonly string[]
  readonly closing: ClosingRules
}

/** Throws a sentence that names the file and what is wrong in it. */
export const openTemplates = (folder: string | undefined): Templates => {
  if (folder !== undefined && !statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(
      `reports.templates: ${folder} is no folder: name one, or leave it out for the program's own templates`,
    )
  const where = (name: string) => (folder !== undefined && existsSync(join(folder, name)) ? folder : OWN)
  const closing = join(where('periods.yml'), 'periods.yml')
  return {
    page: { folder: where('report.typ'), file: 'report.typ' },
    fonts: [...(where('fonts') === OWN ? [] : [join(folder!, 'fonts')]), join(OWN, 'fonts')],
    closing: readClosing(closing),
  }
}

const readClosing = (path: string): ClosingRules => {
  let value: unknown
  try {
    value = parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(`${path}: not YAML: ${(error as Error).message.split('\n')[0]}`)
  }
  const read = closingRules.safeParse(value)
  if (read.success) return read.data
  const { path: at, message } = read.error.issues[0]!
  throw new Error(
    `${path}: ${at.join('.')}: ${message}: write a list such as "- { valid_from: \\"2019-03-12\\", closing_day: 14 }"`,
  )
}
