/** The texts of rules: their versions, what differs between two, and a person's change. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { present, time } from './words.ts'

const reason = z.string().trim().min(3).max(500).describe('Why: it is kept with the version')
const which = z
  .string()
  .regex(/^(?:[1-9][0-9]{0,8}|catalog|file)$/)
  .describe('A version; `catalog`: what the program says; `file`: a change of the file that waits')

const ruleVersion = z.strictObject({
  n: z.number(),
  at: time,
  by: z.string().optional().describe('The person; told to who sees the whole province'),
  reason: z.string().optional(),
  path: z.string().optional().describe('Of one that a file brought'),
  ended: present.optional().describe('The file was gone'),
})
export const ruleVersions = z
  .strictObject({
    id: z.string(),
    n: z.number().describe('The version in force: hand it back with a change as `seen`'),
    text: z.string(),
    versions: z.array(ruleVersion).describe('The newest first'),
    catalog: z
      .strictObject({ changed: z.boolean().describe('The program says otherwise than when the rule was changed') })
      .optional()
      .describe('The program comes with another text of this rule'),
    waiting: z.array(z.strictObject({ path: z.string() })).describe('Changes of files that wait for a person'),
  })
  .meta({ id: 'RuleVersions' })

export const getRuleVersions = operation({
  id: 'getRuleVersions',
  tag: 'rules',
  summary: 'The versions of the text of a rule',
  act: 'read',
  answer: ruleVersions,
  refuses: [404],
})
export const getRuleDifference = operation({
  id: 'getRuleDifference',
  tag: 'rules',
  summary: 'The lines of two versions of a rule, and which of them only one has',
  act: 'read',
  query: z.strictObject({
    from: which.optional().describe('Without: the one before'),
    to: which.optional().describe('Without: the one in force'),
  }),
  answer: z
    .strictObject({
      from: z.string(),
      to: z.string(),
      lines: z.array(z.strictObject({ op: z.enum(['=', '-', '+']), text: z.string() })),
    })
    .meta({ id: 'RuleDifference' }),
  refuses: [404],
})
const changedRule = z
  .strictObject({
    n: z.number(),
    file: z.string().optional().describe('That says so too'),
    why: z.string().optional().describe('Why no file does: the text is to be copied there'),
  })
  .meta({ id: 'ChangedRule' })
export const newRuleText = operation({
  id: 'newRuleText',
  tag: 'rules',
  summary: 'What a new rule begins with: a text that compiles, as `vonglau rules new` writes it',
  act: 'rules',
  query: z.strictObject({
    id: z.string().max(120).optional().describe('Words of a to z and digits, joined by hyphens; without: luat-moi'),
    correlation: z.enum(['true', 'false']).optional().describe('Over several events'),
  }),
  answer: z.strictObject({ yaml: z.string() }).meta({ id: 'NewRuleText' }),
  refuses: [422],
})
export const addRule = operation({
  id: 'addRule',
  tag: 'rules',
  summary: 'A new rule: compiled with all others, in force at once as version 1, written into the folder of own rules',
  act: 'rules',
  body: z.strictObject({ yaml: z.string().min(1).max(200_000), reason }),
  answer: changedRule.extend({ id: z.string() }).meta({ id: 'AddedRule' }),
  refuses: [409, 422],
})
export const changeRule = operation({
  id: 'changeRule',
  tag: 'rules',
  summary: 'A new version of the text of a rule, checked and in force at once; written into the folder of own rules',
  act: 'rules',
  body: z.strictObject({ yaml: z.string().min(1).max(200_000), reason, seen: z.int() }),
  answer: changedRule,
  refuses: [404, 409, 422],
})
export const settleRule = operation({
  id: 'settleRule',
  tag: 'rules',
  summary: "A file's change that waits, for a person has changed the rule: it is taken, or what holds is kept",
  act: 'rules',
  body: z.strictObject({ take: z.enum(['file', 'kept']), reason, seen: z.int() }),
  answer: changedRule,
  refuses: [404, 409, 422],
})
