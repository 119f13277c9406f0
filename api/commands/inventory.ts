/** `vonglau inventory`: what the program knows of the province, out as a file or a table, and tables in. */
import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { counted } from '../../ingest/counted.ts'
import { LIST_KINDS, type ListKind } from '../../ingest/inventory/entries.ts'
import type { Request } from '../control.ts'
import type { Changed, Listed } from '../inventories.ts'
import type { Answer } from './reach.ts'
import { print, table } from './show.ts'

const kindOption = () => new Option('--kind <kind>', 'of which entries').choices(LIST_KINDS)

export const addInventory = (
  program: Command,
  ask: (request: Request) => AsyncIterable<Answer>,
  person: () => string,
): void => {
  const inventory = program
    .command('inventory')
    .description('agencies, systems, portals, devices and what else is known')
  inventory
    .command('export')
    .description('prints all of it as a file would say it (YAML), or the entries of a kind as a table (CSV)')
    .addOption(kindOption())
    .action(async ({ kind }: { kind?: ListKind }) => {
      for await (const { text } of ask({ ask: 'inventory.export', ...(kind ? { kind } : {}) }))
        await print([String(text).replace(/\n$/, '')])
    })
  inventory
    .command('import')
    .description(
      'takes the rows of a table (CSV, with a first line of names) as entries; entries and columns that it does not name stay as they are',
    )
    .argument('<file>', 'the table')
    .addOption(kindOption().makeOptionMandatory())
    .requiredOption('--reason <text>', 'why: it is kept with the version')
    .option('--check', 'only looks for mistakes', false)
    .action(async (file: string, { kind, reason, check }: { kind: ListKind; reason: string; check: boolean }) => {
      let text: string
      try {
        text = readFileSync(file, 'utf8')
      } catch (error) {
        throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}): name a table of ${kind}`)
      }
      const { columnsOf, fromCsv, headerOf } = await import('../../ingest/inventory/csv.ts')
      const entries = fromCsv(text, file, kind)
      if (entries.length === 0)
        throw new Error(
          `${file} has no rows: a first line of names (${[...columnsOf(kind).keys()].join(', ')}), then one row an entry`,
        )
      if (check)
        return await print([
          `${counted(entries.length, 'row is', 'rows are')} as ${kind} are written; what they name is looked up by the import itself`,
        ])
      for await (const answer of ask({
        ask: 'inventory.import',
        kind,
        entries,
        columns: headerOf(text),
        reason,
        by: person(),
      })) {
        const { version, difference, file: written } = answer['imported'] as Changed
        const { added, changed, ended, parts } = difference
        await print([
          `version ${version} of the inventory: ${counted(added.length, 'entry', 'entries')} new, ${changed.length + ended.length} changed${parts.length ? `, and ${parts.join(', ')}` : ''}`,
          ...(written ? [written.why === undefined ? `${written.path} says so too` : written.why] : []),
        ])
      }
    })
  inventory
    .command('history')
    .description('the newest versions: when, by whom or from which file, what they changed')
    .action(async () => {
      const rows: string[][] = []
      for await (const answer of ask({ ask: 'inventory.history' })) {
        const { id, at, path, by, reason, changed, entries } = answer['version'] as Listed
        rows.push([
          id,
          new Date(at).toISOString().slice(0, 16).replace('T', ' '),
          by ?? path ?? '-',
          String(changed),
          reason ?? entries.slice(0, 3).join(', '),
        ])
      }
      await print([table([['version', 'when (UTC)', 'by', 'changed', 'why'], ...rows])])
    })
}
