/** Lists that people read are made from what parsers say of themselves: UPDATE_FIXTURES=1 writes them anew. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { parsers } from '../../../ingest/parsers/index.ts'
import { setupOf } from '../../../api/routes/sources.ts'
import { readConfig } from '../../../api/config.ts'

const README = join(import.meta.dirname, '../../../api/README.md')

/** The options of a parser by their names, as its schema says them. */
const optionsOf = (schema: z.ZodType): string => {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' }) as { properties?: Record<string, unknown> }
  return Object.keys(properties)
    .map((name) => `\`${name}\``)
    .join(', ')
}
const list = (): string =>
  [
    '| parser | reads | options | logsources of Sigma |',
    '| --- | --- | --- | --- |',
    ...[...parsers.values()].map(
      ({ id, title, options, logsources }) =>
        `| \`${id}\` | ${title} | ${optionsOf(options)} | ${logsources.map(({ category, product, service }) => [category, product, service].filter(Boolean).join(' ')).join(', ')} |`,
    ),
  ].join('\n')

test('api/README.md lists the parsers', () => {
  const text = readFileSync(README, 'utf8')
  const made = text.replace(
    /(<!-- parsers -->\n)[\s\S]*?(<!-- \/parsers -->)/,
    (_, a: string, z: string) => `${a}${list()}\n${z}`,
  )
  if (process.env['UPDATE_FIXTURES'] === '1') writeFileSync(README, made)
  expect(made).toContain('fortinet_fortigate')
  expect(readFileSync(README, 'utf8')).toBe(made)
})
test.each([...parsers.values()].map((parser) => [parser.id, parser] as const))(
  '%s takes no options, and refuses unknown ones',
  (_, { options }) => {
    expect(options.safeParse({}).success).toBe(true)
    expect(options.safeParse({ no_such_option: 1 }).success).toBe(false)
  },
)
test('the sources page shows what to set, with the address of this server', () => {
  const config = { ...readConfig(undefined, {}), listen: '[2001:db8::7]:8420' }
  const { snippets } = setupOf(config, { udp: 5514 })
  const text = (id: string) => snippets.find(({ parser }) => parser === id)!.text
  expect(text('fortinet_fortigate')).toContain('set server "2001:db8::7"\n    set mode udp\n    set port 5514')
  expect(text('nginx_access')).toContain('syslog:server=[2001:db8::7]:5514')
  expect(text('iis_access')).toContain("'http://[2001:db8::7]:8420/ingest/iis-01'")
  for (const { parser, text } of snippets) expect(text).toContain(`parser: ${parser}`)
})
