/** The texts of sources: their versions, what differs between two, and a person's change. A token is told as its hash. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { present, time } from './words.ts'

const reason = z.string().trim().min(3).max(500).describe('Why: it is kept with the version')
const which = z
  .string()
  .regex(/^(?:[1-9][0-9]{0,8}|file)$/)
  .describe('A version; `file`: a change of the file that waits')

export const sourceVersions = z
  .strictObject({
    id: z.string(),
    n: z.number().describe('The newest version: hand it back with a change as `seen`'),
    text: z.string().describe('As YAML, as an entry of "sources:" in vonglau.yml'),
    ended: present.optional().describe('It is read no longer'),
    versions: z
      .array(
        z.strictObject({
          n: z.number(),
          at: time,
          by: z.string().optional().describe('The person who changed it in the program'),
          reason: z.string().optional(),
          path: z.string().optional().describe('Of one that a file brought'),
          ended: present.optional(),
        }),
      )
      .describe('The newest first'),
    waiting: z.array(z.strictObject({ path: z.string() })).describe('Changes of files that wait for a person'),
  })
  .meta({ id: 'SourceVersions' })

export const getSourceVersions = operation({
  id: 'getSourceVersions',
  tag: 'sources',
  summary: 'The versions of a source: its entry of the configuration, who changed it when and why',
  act: 'admin',
  answer: sourceVersions,
  refuses: [404],
})
export const getSourceDifference = operation({
  id: 'getSourceDifference',
  tag: 'sources',
  summary: 'The lines of two versions of a source, and which of them only one has',
  act: 'admin',
  query: z.strictObject({
    from: which.optional().describe('Without: the one before'),
    to: which.optional().describe('Without: the newest'),
  }),
  answer: z
    .strictObject({
      from: z.string(),
      to: z.string(),
      lines: z.array(z.strictObject({ op: z.enum(['=', '-', '+']), text: z.string() })),
    })
    .meta({ id: 'SourceDifference' }),
  refuses: [404],
})
const changedSource = z
  .strictObject({
    n: z.number(),
    file: z.string().optional().describe('That says so too'),
    why: z.string().optional().describe('Why no file does: the text is to be copied there'),
  })
  .meta({ id: 'ChangedSource' })
export const changeSource = operation({
  id: 'changeSource',
  tag: 'sources',
  summary:
    'A new version of a source, checked and taken over while it is read, or its end; written into the file where it can be',
  act: 'admin',
  body: z.union([
    z.strictObject({ yaml: z.string().min(1).max(50_000), reason, seen: z.int() }),
    z.strictObject({ end: z.literal(true), reason, seen: z.int() }),
  ]),
  answer: changedSource,
  refuses: [404, 409, 422],
})
export const settleSource = operation({
  id: 'settleSource',
  tag: 'sources',
  summary: "A file's change that waits, for a person has changed the source: it is taken, or what holds is kept",
  act: 'admin',
  body: z.strictObject({ take: z.enum(['file', 'kept']), reason, seen: z.int() }),
  answer: changedSource,
  refuses: [404, 409, 422],
})
