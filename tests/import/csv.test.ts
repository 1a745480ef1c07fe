import { appendFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from '@jest/globals'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import iconv from 'iconv-lite'
import { CELL_LIMIT, isProblem, ROW_LIMIT, readCsv, VALUE_SHOWN } from '../../src/jobs/import/csv.ts'
import { fileOf, readAll, readText } from './files.ts'

/** Bytes that are read at a time. */
const CHUNK = 256 * 1024

const plain = (rows: { values: Record<string, string> }[]) => rows.map(({ values }) => ({ ...values }))

describe('reading rows', () => {
  it('gives every row under its headers, with the line on which it begins', async () => {
    const { rows, problems } = await readText('id,name\r\n1,Acme\r\n2,"Beta, Inc"\r\n')
    expect(rows.map(({ line }) => line)).toEqual([2, 3])
    expect(plain(rows)).toEqual([
      { id: '1', name: 'Acme' },
      { id: '2', name: 'Beta, Inc' },
    ])
    expect(problems).toEqual([])
  })

  it('keeps line numbers right across quoted line breaks, blank lines and all kinds of line ends', async () => {
    const { rows, problems } = await readText('a,b\n1,"x\ny"\r\n\r\n2,"p\r\nq\rr"\r3,z\n,\n4,"say ""hi"""\n5,end')
    expect(rows.map(({ line, values }) => [line, values.a, values.b])).toEqual([
      [2, '1', 'x\ny'],
      [5, '2', 'p\r\nq\rr'],
      [8, '3', 'z'],
      [10, '4', 'say "hi"'],
      [11, '5', 'end'],
    ])
    expect(problems).toEqual([])
  })

  it.each([
    ['UTF-8', false],
    ['UTF-8', true],
    ['UTF-16LE', true],
    ['UTF-16LE', false],
    ['UTF-16BE', true],
    ['UTF-16BE', false],
    ['GB18030', false],
    ['GB18030', true],
  ])('reads Chinese text in %s (with a byte order mark: %s)', async (encoding, bom) => {
    const text = `${bom ? '\uFEFF' : ''}名称,城市\n上海机械有限公司,"上海\n浦东"\n龙𠮷商店,北京\n`
    const { rows, problems } = await readText(iconv.encode(text, encoding, { addBOM: false }))
    expect(problems).toEqual([])
    expect(plain(rows)).toEqual([
      { 名称: '上海机械有限公司', 城市: '上海\n浦东' },
      { 名称: '龙𠮷商店', 城市: '北京' },
    ])
  })

  it('reads Windows-1252 and takes an encoding and a delimiter that are told', async () => {
    const text = iconv.encode('name;note\nMüller;“5 €”\n', 'Windows-1252')
    expect(plain((await readText(text)).rows)).toEqual([{ name: 'Müller', note: '“5 €”' }])
    expect(plain((await readText(text, { encoding: 'latin1', delimiter: ';' })).rows)).toEqual([
      { name: 'Müller', note: '“5 €”' },
    ])
    expect(plain((await readText('a^b\n1^2\n', { delimiter: '^' })).rows)).toEqual([{ a: '1', b: '2' }])
    await expect(readText('a,b\n', { encoding: 'klingon' })).rejects.toThrow(/"klingon" is not known/)
    await expect(readText('a,b\n', { delimiter: ',,' })).rejects.toThrow(/delimiter must be one character/)
  })

  it('reads every encoding the same wherever a piece of the file ends', async () => {
    for (const encoding of ['UTF-8', 'UTF-16LE', 'GB18030']) {
      const lines = Array.from({ length: 30_000 }, (_, i) => `${i},公司${i}𠮷,"a""b\n${'x'.repeat(i % 7)}"`)
      const { rows, problems } = await readText(iconv.encode(`id,name,note\n${lines.join('\n')}\n`, encoding))
      expect(problems).toEqual([])
      expect(rows.length).toBe(30_000)
      const wrong = rows.find(({ values, line }, i) => {
        return values.name !== `公司${i}𠮷` || values.note !== `a"b\n${'x'.repeat(i % 7)}` || line !== 2 + 2 * i
      })
      expect(wrong).toBeUndefined()
    }
  })

  it('reads line ends and doubled quotes that the end of a piece divides', async () => {
    const tail = '"a""b","c\r\nd"\r\n1,2\r\n'
    for (let back = 0; back <= tail.length; back++) {
      const head = 'x,y\n'
      const filler = `${'f'.repeat(1000)},${'g'.repeat(998)}\n`
      const fillers = filler.repeat(130)
      const rest = CHUNK - head.length - fillers.length - back
      const { rows, problems } = await readText(`${head}${fillers}${'h'.repeat(rest - 2)},\n${tail}`)
      expect(problems).toEqual([])
      expect(rows.slice(-2).map(({ line, values }) => [line, values.x, values.y])).toEqual([
        [133, 'a"b', 'c\r\nd'],
        [135, '1', '2'],
      ])
    }
  })

  it('agrees with csv-parse on every sound file', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', '客', ''), maxLength: 6 })
    const table = fc.array(fc.tuple(fc.nat(9).map(String), cell, cell), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom('\n', '\r\n'), fc.boolean(), async (cells, end, ended) => {
        const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
        const text = [['p', 'q', 'r'], ...cells].map((row) => row.map(quoted).join(',')).join(end) + (ended ? end : '')
        const { rows, problems } = await readText(text, { encoding: 'UTF-8', delimiter: ',' })
        expect(problems).toEqual([])
        expect(plain(rows)).toEqual(parse(text, { columns: true, record_delimiter: ['\r\n', '\n', '\r'] }))
      }),
      { numRuns: 300 },
    )
  })

  it('takes headers like __proto__ and constructor for what they are', async () => {
    const { rows } = await readText('__proto__,constructor,toString\na,b,c\n')
    expect(Object.entries(rows[0]!.values)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['toString', 'c'],
    ])
    expect(({} as Record<string, unknown>).a).toBeUndefined()
    expect(rows[0]!.values.valueOf).toBeUndefined()
  })

  it('tells the headers before the first row and lets the caller refuse them', async () => {
    const seen: string[][] = []
    await readText(' a ,b,,\n1,2,,\n', { onHeaders: (headers) => seen.push(headers) })
    expect(seen).toEqual([['a', 'b']])
    const refuse = () => {
      throw new Error('not these')
    }
    await expect(readText('a,b\n1,2\n', { onHeaders: refuse })).rejects.toThrow('not these')
  })
})

describe('reading bad rows', () => {
  it('reports ragged rows by line and reads the others', async () => {
    const { rows, problems } = await readText('a,b,c\n1,2,3\n1,2\n1,2,3,4\n5,6,7\n')
    expect(rows.map(({ line }) => line)).toEqual([2, 5])
    expect(problems).toEqual([
      expect.objectContaining({ line: 3, code: 'TOO_FEW_CELLS', column: 'c', value: null }),
      expect.objectContaining({ line: 4, code: 'TOO_MANY_CELLS', column: null, value: '4' }),
    ])
  })

  it('tolerates empty trailing headers as long as their cells are empty', async () => {
    const { rows, problems } = await readText('a,b,,\n1,2,,\n3,4\n5,6,,x\n7,8,,,\n')
    expect(plain(rows)).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ])
    expect(problems).toMatchObject([
      { line: 4, code: 'TOO_MANY_CELLS', value: 'x' },
      { line: 5, code: 'TOO_MANY_CELLS' },
    ])
  })

  it('reports a quote in the wrong place and goes on with the next line', async () => {
    const { rows, problems } = await readText('a,b\n1,"x"y\n2,5" pipe\n3,"ok"\n4,"p\nq"r,s\n5,z\n')
    expect(rows.map(({ values }) => values.a)).toEqual(['3', '5'])
    expect(problems).toMatchObject([
      { line: 2, column: 'b', code: 'INVALID_QUOTE', value: '"x"y' },
      { line: 3, column: 'b', code: 'INVALID_QUOTE', value: '5" pipe' },
      { line: 5, column: 'b', code: 'INVALID_QUOTE', message: expect.stringContaining('Lines 5 to 6') },
    ])
  })

  it('reports a file that is cut off inside a quoted cell where the cell begins, and takes nothing from inside it', async () => {
    const { rows, problems } = await readText('a,b\n1,x\n2,"cut\n3,y\n4,z')
    expect(plain(rows)).toEqual([{ a: '1', b: 'x' }])
    expect(problems).toMatchObject([
      {
        line: 3,
        column: 'b',
        code: 'UNCLOSED_QUOTE',
        value: '"cut\n3,y\n4,z',
        message: expect.stringContaining('Lines 3 to 5'),
      },
    ])
  })

  it('reports a file that is cut off in the middle of a row', async () => {
    const { rows, problems } = await readText('a,b,c\n1,2,3\n4,5')
    expect(rows.length).toBe(1)
    expect(problems).toMatchObject([{ line: 3, code: 'TOO_FEW_CELLS', column: 'c' }])
  })

  it('reports NUL characters and bytes that are no text, naming the cell', async () => {
    const bytes = Buffer.concat([
      Buffer.from('a,b\n1,客户\n2,x\0y\n3,'),
      Buffer.from([0xc3, 0x28, 0xff]),
      Buffer.from('\n4,客\n5,'),
      Buffer.from([0xe5, 0xae]),
    ])
    const { rows, problems } = await readText(bytes)
    expect(rows.map(({ values }) => values.a)).toEqual(['1', '4'])
    expect(problems).toMatchObject([
      { line: 3, column: 'b', code: 'NUL_CHARACTER', value: 'x\0y' },
      { line: 4, column: 'b', code: 'UNDECODABLE', message: expect.stringContaining('UTF-8') },
      { line: 6, column: 'b', code: 'UNDECODABLE' },
    ])
  })

  it('reports bytes that GB18030, Windows-1252 and UTF-16 do not have', async () => {
    const gb = Buffer.concat([
      iconv.encode('a,b\n1,客户名称\n2,', 'GB18030'),
      Buffer.from([0xff]),
      Buffer.from('\n3,x\n'),
    ])
    expect((await readText(gb, { encoding: 'gbk' })).problems).toMatchObject([{ line: 3, code: 'UNDECODABLE' }])
    const western = Buffer.concat([Buffer.from('a,b\n1,'), Buffer.from([0x81]), Buffer.from('\n2,x\n')])
    expect((await readText(western, { encoding: 'cp1252' })).problems).toMatchObject([{ line: 2, code: 'UNDECODABLE' }])
    const lone = iconv.encode('a,b\n1,x\ud800y\n2,z\n', 'UTF-16LE', { addBOM: true })
    const { rows, problems } = await readText(lone)
    expect(rows.length).toBe(1)
    expect(problems).toMatchObject([{ line: 2, column: 'b', code: 'UNDECODABLE' }])
  })

  it('reports a cell that is too long with the beginning of it', async () => {
    const { rows, problems } = await readText(
      `a,b\n1,${'x'.repeat(CELL_LIMIT)}\n2,${'y'.repeat(CELL_LIMIT + 1)}\n3,z\n`,
    )
    expect(rows.map(({ values }) => values.a)).toEqual(['1', '3'])
    expect(problems).toMatchObject([
      { line: 3, column: 'b', code: 'CELL_TOO_LONG', value: `${'y'.repeat(VALUE_SHOWN - 1)}…` },
    ])
  })

  it.each([
    ['plain', 'x'.repeat(3 * ROW_LIMIT)],
    ['just too long', 'x'.repeat(ROW_LIMIT)],
    ['quoted with line breaks', `"${'some text\n'.repeat(ROW_LIMIT / 5)}"`],
    ['quoted with doubled quotes and delimiters', `"${'""a"",b\n'.repeat(ROW_LIMIT / 5)}"`],
    ['of many short cells', `"p\nq",x,`.repeat(ROW_LIMIT / 5)],
  ])('passes over a row that is too long (%s) and reads what follows', async (_, cell) => {
    const { rows, problems } = await readText(`a,b\n1,x\n2,${cell}\n3,y\n`)
    expect(plain(rows)).toEqual([
      { a: '1', b: 'x' },
      { a: '3', b: 'y' },
    ])
    const breaks = cell.split('\n').length - 1
    expect(rows[1]!.line).toBe(4 + breaks)
    expect(problems).toMatchObject([{ line: 3, code: 'ROW_TOO_LONG', column: null }])
  })

  it('tells an endless row from a quote that is never closed', async () => {
    const { rows, problems } = await readText(`a,b\n1,x\n2,"${'lost,row\n'.repeat(ROW_LIMIT / 4)}`)
    expect(rows.length).toBe(1)
    expect(problems).toMatchObject([{ line: 3, code: 'UNCLOSED_QUOTE' }])
  })
})

describe('refusing a file for its header line', () => {
  it.each([
    ['', /empty: its first line must hold the headers/],
    ['\uFEFF\r\n\n', /empty/],
    ['a,,c\n1,2,3\n', /Column 2 has no header/],
    ['a,b,a\n1,2,3\n', /Columns 1 and 3 have the same header "a"/],
    ['a, a\n1,2\n', /Columns 1 and 2 have the same header "a"/],
    ['a,"b\n1,2\n', /header line \(line 1\) cannot be read.*never closed/],
    ['a,"b"c\n1,2\n', /header line \(line 1\) cannot be read.*quotation mark/],
    ['a,b\0\n1,2\n', /header of column 2 is no UTF-8 text/],
    [`a,${'b'.repeat(256)}\n1,2\n`, /longer than 255/],
    [`${Array.from({ length: 5000 }, (_, i) => `c${i}`).join(',')}\n`, /5000 columns; at most 500/],
    [`${'x'.repeat(2 * ROW_LIMIT)}\n1\n`, /longer than 1048576/],
  ])('case %#', async (text, message) => {
    const reading = readText(text)
    await expect(reading).rejects.toThrow(message)
    await expect(reading).rejects.toMatchObject({ name: 'ImportInvalid', code: 'IMPORT_INVALID' })
  })

  it('names all faults at once', async () => {
    await expect(readText('a,,a\n')).rejects.toMatchObject({
      faults: [
        { place: 'column 2', message: expect.any(String) },
        { place: 'column 3', message: expect.any(String) },
      ],
    })
  })

  it('takes a file with headers and nothing else, and one with 500 columns', async () => {
    expect(await readText('a,b')).toEqual({ rows: [], problems: [] })
    const headers = Array.from({ length: 500 }, (_, i) => `c${i}`).join(',')
    expect((await readText(`${headers}\n${','.repeat(499)}x\n`)).rows[0]!.values.c499).toBe('x')
  })
})

describe('reading large files', () => {
  const garbage = () => {
    setFlagsFromString('--expose-gc')
    ;(runInNewContext('gc') as () => void)()
  }

  it('streams 200,000 rows with constant memory', async () => {
    const file = fileOf('id,name,note\n')
    const rows = (from: number) =>
      Array.from({ length: 1000 }, (_, i) => `${from + i},Company ${from + i},"a note, ""quoted""\nof two lines"\n`)
    for (let from = 0; from < 200_000; from += 1000) appendFileSync(file, rows(from).join(''))
    let count = 0
    let early = 0
    let grown = 0
    for await (const item of readCsv(file)) {
      if (isProblem(item)) throw new Error(item.message)
      count++
      if (count % 20_000 !== 0) continue
      garbage()
      const { heapUsed, external } = process.memoryUsage()
      early ||= heapUsed + external
      grown = Math.max(grown, heapUsed + external - early)
    }
    expect(count).toBe(200_000)
    expect(grown).toBeLessThan(8 * 1024 * 1024)
  }, 300_000)

  it('passes over a line of 64 MB without keeping it', async () => {
    const file = fileOf('a,b\n1,')
    const piece = 'x'.repeat(8 * 1024 * 1024)
    for (let i = 0; i < 8; i++) appendFileSync(file, piece)
    appendFileSync(file, '\n2,y\n')
    garbage()
    const before = process.memoryUsage()
    const { rows, problems } = await readAll(file)
    garbage()
    const after = process.memoryUsage()
    expect(plain(rows)).toEqual([{ a: '2', b: 'y' }])
    expect(problems).toMatchObject([{ line: 2, code: 'ROW_TOO_LONG' }])
    // The last pieces may not be collected yet.
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(24 * 1024 * 1024)
  })

  it('stops when it is told to, and closes the file when the caller stops', async () => {
    const file = fileOf(`a,b\n${'1,2\n'.repeat(500_000)}`)
    const stop = new AbortController()
    let count = 0
    const reading = (async () => {
      for await (const _ of readCsv(file, { signal: stop.signal }))
        if (++count === 1000) stop.abort(new Error('enough'))
    })()
    await expect(reading).rejects.toThrow('enough')
    expect(count).toBeLessThan(500_000)
    for await (const item of readCsv(file)) if (!isProblem(item) && item.line > 10) break
  })
})
