import { fortinetFortigate } from './fortinet_fortigate.ts'
import { iisAccess } from './iis_access.ts'
import { nginxAccess } from './nginx_access.ts'
import type { Parser } from './parser.ts'

/** Every parser by its id. */
export const parsers: ReadonlyMap<string, Parser> = new Map(
  [fortinetFortigate, nginxAccess, iisAccess].map((parser) => [parser.id, parser]),
)

export const parserOf = (id: string): Parser => {
  const parser = parsers.get(id)
  if (!parser)
    throw new Error(`There is no parser ${JSON.stringify(id)}; known ones are ${[...parsers.keys()].join(', ')}.`)
  return parser
}
