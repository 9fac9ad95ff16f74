/**
 * The characters of the glyphs dataset. Each glyph is scaled to fill its picture, so characters that then look alike are
 * left out: capitals of the same shape as their small letter (one of the two stays), Greek and Cyrillic letters that Latin
 * has too, digits of Devanagari (some fonts draw Latin ones), rings and bars (0, O and ० ; l, 1, I and ا), kana that are also
 * kanji or the other kana.
 */

/** Script → its characters. */
export const CHARACTERS: Readonly<Record<string, string>> = {
  latin: 'ABDEFGHJLMNQRTYabdefghiknqrtuwxyz23456789&@?!',
  greek: 'ΓΔΘΛΞΣΨΩαβγδεζηθλμξπςφψω',
  cyrillic: 'БДЖИЙЛЦЧШЩЪЫЭЮЯЂЉЊЇЎ',
  hebrew: 'אבגדהזחטכלמםנעפףצץקרשת',
  arabic: 'بتثجحخدذرزسشصضطظعغفقكلمنهوي',
  devanagari: 'अआइईउऊऋएऐओकखगघचछजझञटठडढणतथदधनपफबभमयरलवशषसह',
  thai: 'กขคฆงจฉชซฌญฎฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ๑๒๓๔๕๖๗๘๙',
  hiragana: 'あいうえおかきくけこさしすせそたちつてとなにぬねのはひふほまみむめもやゆよらりるれろわをん',
  katakana: 'アイウオキクケコサシスセソツテナヌネノヒフホマムメモヤユヨラルレワヲン',
  kanji:
    '一二三口日月火水木金土山川田人大小中上下左右力男女子目耳手足車雨花草虫犬見音空年白青赤学校先生本文字',
  hangul: '가나다라마바사아자차카타파하고노도로모보소오조초코토포호구누두무부수우주추후기니디리미비시이지',
};

/** The scripts of which the fonts are listed under another name. */
export const FONTS_OF: Readonly<Record<string, string>> = {
  hiragana: 'japanese',
  katakana: 'japanese',
  kanji: 'japanese',
  hangul: 'korean',
};
