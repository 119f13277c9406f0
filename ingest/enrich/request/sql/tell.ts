import { type Add, SURE } from '../findings.ts'
import { type Facts, knownCalls } from './facts.ts'

/** What an expression holds, as findings: its place has shown already that it is SQL. */
export const tell = (of: Facts, add: Add): void => {
  if (of.delay) add('time_delay', SURE)
  if (of.error) add('error_function', SURE)
  if (of.file) add('file_or_command_function', SURE)
  if (of.schema) add('schema_table', SURE)
  if (knownCalls(of) >= 2) add('function_chain', SURE)
  if (of.chars >= 2) add('char_building', SURE)
}
