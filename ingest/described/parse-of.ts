import { openParser } from '../parsers/index.ts'
import type { Parse } from '../parsers/parser.ts'
import type { Source } from '../source.ts'
import { openDescribed } from './described.ts'

/** What reads the lines of a source: the parser that somebody described, or the one of that id. Throws as `openParser` does. */
export const parseOf = ({ parser, options, described }: Pick<Source, 'parser' | 'options' | 'described'>): Parse =>
  described ? openDescribed(described) : openParser(parser, options)
