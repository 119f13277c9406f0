/** The file of a rule after a person's change: it says the same, where it can be written. */
import { constants, copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { eventsPathOf, pathOf } from '../rules/load.ts'
import { hashOfText } from '../rules/texts.ts'
import { isOurs, replaceFile, unwritten } from './replace-file.ts'

export interface RuleFile {
  /** The folder of rules of the configuration. */
  readonly folder: string | undefined
  readonly key: string
  /** What this node's file is, and said last. */
  readonly said: { readonly path: string; readonly hash: string } | undefined
  /** Of the catalog's rule that is changed: its file. */
  readonly catalog: string | undefined
}
/** Words that a file may be called by on every system. */
const NAME = /^[\w][\w.-]{0,120}$/

/** Where the text belongs. What is the catalog's is copied into the folder of one's own. */
export const writeRule = (
  { folder, key, said, catalog }: RuleFile,
  text: string,
): { readonly path: string } | { readonly path?: string; readonly why: string } => {
  const own = said && said.hash !== '' && said.path !== catalog ? said.path : undefined
  if (own === undefined && folder === undefined)
    return { why: 'no folder of rules is configured: write "rules:" into vonglau.yml, and copy the text there' }
  if (own === undefined && !NAME.test(key))
    return { why: `"${key}" is no name of a file: copy the text into a file of ${folder}` }
  const path = own ?? join(folder!, `${key}.yml`)
  try {
    if (own === undefined) mkdirSync(folder!, { recursive: true })
    // Where the path is a link, the file that it leads to is written, and the link stays.
    const real = existsSync(path) ? realpathSync(path) : join(realpathSync(join(path, '..')), `${key}.yml`)
    if (isOurs(pathOf(real)))
      return { path, why: `${path} comes with the program and is not written: name a folder of your own with "rules:"` }
    if (existsSync(real) && hashOfText(readFileSync(real, 'utf8')) !== (own === undefined ? '' : said!.hash))
      return {
        path,
        why:
          own === undefined
            ? `${path} is there already and says something else: copy the text into another file of ${folder}`
            : `${path} was changed and not read yet: read it (vonglau reload), then write the change there`,
      }
    replaceFile(real, text)
    const events = catalog === undefined || own !== undefined ? undefined : eventsPathOf(catalog)
    // `rules test` asks for them; where there are some already, those stay.
    if (events && existsSync(events) && !existsSync(eventsPathOf(path)))
      copyFileSync(events, eventsPathOf(path), constants.COPYFILE_EXCL)
    return { path }
  } catch (error) {
    return { path, why: unwritten(path, error) }
  }
}
