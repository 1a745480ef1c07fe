import { gzipSync } from 'node:zlib'
import { describe, expect, it } from '@jest/globals'
import iconv from 'iconv-lite'
import { detect, encodingNamed } from '../../src/jobs/import/detect.ts'
import { fileOf } from './files.ts'

const CHINESE = '客户名称,城市\n上海某某机械有限公司,上海\n北京软件,北京\n'
const FEW_CHINESE = 'name,city\nacme corporation,北京\nbeta,York\n'
const WESTERN = 'name;city\nMüller GmbH;Zürich\nCafé “Élan”;Genève\n'

describe('detecting the encoding', () => {
  it.each([
    ['plain ASCII as UTF-8', Buffer.from('a,b\n1,2\n'), 'UTF-8', false],
    ['an empty file as UTF-8', Buffer.alloc(0), 'UTF-8', false],
    ['UTF-8 without a mark', Buffer.from(CHINESE), 'UTF-8', false],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${CHINESE}`), 'UTF-8', true],
    ['UTF-16LE with a mark', iconv.encode(CHINESE, 'UTF-16LE', { addBOM: true }), 'UTF-16LE', true],
    ['UTF-16BE with a mark', iconv.encode(CHINESE, 'UTF-16BE', { addBOM: true }), 'UTF-16BE', true],
    ['UTF-16LE without a mark', iconv.encode(CHINESE, 'UTF-16LE'), 'UTF-16LE', false],
    ['UTF-16BE without a mark', iconv.encode(CHINESE, 'UTF-16BE'), 'UTF-16BE', false],
    ['GB18030', iconv.encode(CHINESE, 'GB18030'), 'GB18030', false],
    ['GB18030 with two Chinese words', iconv.encode(FEW_CHINESE, 'GB18030'), 'GB18030', false],
    ['GB18030 with a mark', iconv.encode(`\uFEFF${CHINESE}`, 'GB18030'), 'GB18030', true],
    ['Windows-1252', iconv.encode(WESTERN, 'Windows-1252'), 'Windows-1252', false],
    ['Windows-1252 with one umlaut', iconv.encode('name,city\nacme,Zürich\n', 'Windows-1252'), 'Windows-1252', false],
    ['UTF-8 with a broken byte', Buffer.concat([Buffer.from(CHINESE), Buffer.from([0xff, 0x0a])]), 'UTF-8', false],
    ['UTF-8 with a few NULs', Buffer.from('a,b\n1,\0\n2,\0\nlonger text here,and here\n'), 'UTF-8', false],
  ])('recognises %s', async (_, content, encoding, bom) => {
    expect(await detect(fileOf(content))).toMatchObject({ encoding, bom })
  })

  it('is not misled by a character that the end of the sample cuts', async () => {
    for (const encoding of ['UTF-8', 'GB18030']) {
      for (let shift = 0; shift < 4; shift++) {
        const text = `name,city\n${'x'.repeat(shift)},x\n${'北京市,上海\n'.repeat(9000)}`
        expect(await detect(fileOf(iconv.encode(text, encoding)))).toMatchObject({ encoding, delimiter: ',' })
      }
    }
  })

  it('refuses what is no text or has an encoding it does not know, with a sentence', async () => {
    await expect(detect(fileOf(Buffer.from('PK\u0003\u0004rest')))).rejects.toThrow(
      /Excel workbook \(\.xlsx\).*save it as CSV/,
    )
    await expect(detect(fileOf(gzipSync('a,b')))).rejects.toThrow(/gzip/)
    const japanese = iconv.encode('名前,都市\n東京,大阪\nひらがな,カタカナ\n', 'Shift_JIS')
    await expect(detect(fileOf(japanese))).rejects.toThrow(/Shift_JIS, which is not supported/)
    const russian = iconv.encode('имя,город\nпервый,второй\nтретий,город\n', 'koi8-r')
    await expect(detect(fileOf(russian))).rejects.toMatchObject({ code: 'IMPORT_INVALID' })
  })

  it('refuses a file that is not there and a folder, naming them', async () => {
    await expect(detect('/no/such/file.csv')).rejects.toThrow('The file /no/such/file.csv does not exist.')
    await expect(detect(import.meta.dirname)).rejects.toThrow(/is a folder/)
  })

  it('takes a known encoding as it is, unless the byte order mark says otherwise', async () => {
    const western = iconv.encode('name,city\nacme,Zürich\n', 'Windows-1252')
    expect(await detect(fileOf(western), { encoding: 'GB18030' })).toMatchObject({ encoding: 'GB18030' })
    const marked = fileOf(`\uFEFF${CHINESE}`)
    await expect(detect(marked, { encoding: 'GB18030' })).rejects.toThrow(/mark of UTF-8, but GB18030 was asked for/)
  })

  it('knows encodings by the names that people use', () => {
    expect(['utf8', 'UTF-16', 'GBK', 'gb2312', 'latin1', 'ISO-8859-1', 'cp1252'].map(encodingNamed)).toEqual([
      'UTF-8',
      'UTF-16LE',
      'GB18030',
      'GB18030',
      'Windows-1252',
      'Windows-1252',
      'Windows-1252',
    ])
    expect(encodingNamed('base64')).toBeNull()
    expect(encodingNamed('constructor')).toBeNull()
  })
})

describe('detecting the delimiter', () => {
  it.each([
    [',', 'a,b,c\n1,2,3\n'],
    [';', 'a;b;c\n1,5;2,5;3\n'],
    ['\t', 'a\tb\n1,2,3\t"x;y"\n'],
    ['|', 'a|b|c\n1;1|2|3\n'],
    [';', 'name;"text, with, commas";x\n"a,b";"c,d";1\n'],
    [',', 'a,b\n"x;\n;;;;",1\n'],
    [',', 'a,b,c\n1,2\n1,2,3,4\n1,2,3\n'],
    [',', 'only\nvalues;here\n'],
    [',', ''],
  ])('finds %j', async (delimiter, text) => {
    expect((await detect(fileOf(text))).delimiter).toBe(delimiter)
  })

  it('looks at the text in its own encoding', async () => {
    const text = iconv.encode('名称;数量\n甲;1\n乙;2\n', 'UTF-16LE', { addBOM: true })
    expect(await detect(fileOf(text))).toEqual({ encoding: 'UTF-16LE', delimiter: ';', bom: true })
  })
})
