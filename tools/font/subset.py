#!/usr/bin/env python3
"""Makes the two fonts of fonts/ from Debian's Noto packages.

    apt-get download fonts-noto-core fonts-noto-cjk python3-fonttools
    for package in *.deb; do dpkg-deb -x $package noto; done
    PYTHONPATH=noto/usr/lib/python3/dist-packages python3 tools/font/subset.py noto fonts
    node tools/font/compress.mjs fonts

The first font has Latin, Greek, Cyrillic and signs, the second the characters of GB 2312: 6763 Chinese ones, kana, full-width forms.
Hinting and what only vertical text needs is left out.
"""
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

# fonts/README.md names these versions.
LATIN = "usr/share/fonts/truetype/noto/NotoSans-Regular.ttf"
CHINESE = "usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
# Of the collection: JP, KR, SC, ...
SIMPLIFIED = 2
# Copyright, family, style, full name, version, license, address of the license: the license asks for them.
NAMES = [0, 1, 2, 4, 5, 13, 14]

LATIN_RANGES = [
    (0x20, 0x7E),  # ASCII
    (0xA0, 0x24F),  # Latin-1, Extended-A and -B
    (0x2B0, 0x36F),  # modifiers, combining marks
    (0x370, 0x3FF),  # Greek
    (0x400, 0x52F),  # Cyrillic
    (0x1E00, 0x1FFF),  # Latin Additional (Vietnamese), Greek Extended
    (0x2010, 0x206F),  # punctuation
    (0x2070, 0x20CF),  # superscripts, currencies
    (0x2100, 0x214F),  # letter-like signs
    (0x2190, 0x21FF),  # arrows
    (0x2200, 0x22FF),  # mathematics
    (0xFFFD, 0xFFFD),
]


def gb2312():
    """Rows 1 to 9 are signs, kana, Greek and Cyrillic, 16 to 87 Chinese."""
    for row in [*range(1, 10), *range(16, 88)]:
        for cell in range(1, 95):
            try:
                yield ord(bytes([0xA0 + row, 0xA0 + cell]).decode("gb2312"))
            except UnicodeDecodeError:
                pass


def write(font: TTFont, characters, features, target: Path) -> None:
    options = subset.Options()
    options.layout_features = features
    options.hinting = False
    options.glyph_names = False
    options.notdef_outline = True
    options.name_IDs = NAMES
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    # The same bytes on every run.
    font.recalcTimestamp = False
    font.save(target)
    print(f"{target}: {len(font.getGlyphOrder())} glyphs, {target.stat().st_size} bytes")


def main(noto: str, folder: str) -> None:
    latin = [c for first, last in LATIN_RANGES for c in range(first, last + 1)]
    marks = ["kern", "mark", "mkmk", "ccmp", "locl", "liga"]
    write(TTFont(Path(noto, LATIN)), latin, marks, Path(folder, "latin.ttf"))
    chinese = TTFont(Path(noto, CHINESE), fontNumber=SIMPLIFIED)
    write(chinese, set(gb2312()), [], Path(folder, "chinese.otf"))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
