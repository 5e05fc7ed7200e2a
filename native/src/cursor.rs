//! Walks over a JSON text whose quotes are known, and accepts nothing but JSON.

/// A place in a JSON text.
pub struct Cursor<'a> {
    text: &'a [u8],
    quotes: &'a [u32],
    at: usize,
    /// Which of the quotes comes next.
    quote: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a [u8], quotes: &'a [u32]) -> Self {
        Cursor { text, quotes, at: 0, quote: 0 }
    }

    #[inline(always)]
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline(always)]
    pub fn blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Goes behind a byte that may follow blanks.
    #[inline(always)]
    pub fn expect(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// Goes into an object or an array, and says whether there is anything in it.
    #[inline]
    pub fn open(&mut self, begin: u8, end: u8) -> Option<bool> {
        self.expect(begin)?;
        self.blanks();
        if self.peek()? == end {
            self.at += 1;
            return Some(false);
        }
        Some(true)
    }

    /// Goes behind a comma and to what follows, or behind the end; says which.
    #[inline(always)]
    pub fn goes_on(&mut self, end: u8) -> Option<bool> {
        self.blanks();
        let byte = self.peek()?;
        if byte != b',' && byte != end {
            return None;
        }
        self.at += 1;
        if byte == b',' {
            self.blanks();
        }
        Some(byte == b',')
    }

    /// Accepts nothing but blanks up to the end of the text.
    pub fn end(&mut self) -> Option<()> {
        self.blanks();
        (self.at == self.text.len()).then_some(())
    }

    /// Returns the bytes between the quotes of the string that begins here.
    #[inline(always)]
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let first = *self.quotes.get(self.quote)? as usize;
        let last = *self.quotes.get(self.quote + 1)? as usize;
        if first != self.at {
            return None;
        }
        self.quote += 2;
        self.at = last + 1;
        self.text.get(first + 1..last)
    }

    /// Goes behind a word, and returns it.
    pub fn word(&mut self, word: &'static [u8]) -> Option<&'static [u8]> {
        if !self.text.get(self.at..)?.starts_with(word) {
            return None;
        }
        self.at += word.len();
        Some(word)
    }

    /// Returns the bytes of a number.
    #[inline]
    pub fn number_as_written(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        self.number()?;
        self.text.get(start..self.at)
    }

    fn number(&mut self) -> Option<()> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        if self.peek()? == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// Goes behind a value of any kind, in which objects and arrays are nested no deeper than that.
    #[inline]
    pub fn skip(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' => self.skip_members(depth, b'{', b'}'),
            b'[' => self.skip_members(depth, b'[', b']'),
            b't' => self.word(b"true").map(|_| ()),
            b'f' => self.word(b"false").map(|_| ()),
            b'n' => self.word(b"null").map(|_| ()),
            _ => self.number(),
        }
    }

    fn skip_members(&mut self, depth: usize, begin: u8, end: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let mut more = self.open(begin, end)?;
        while more {
            if begin == b'{' {
                self.string()?;
                self.expect(b':')?;
                self.blanks();
            }
            self.skip(depth)?;
            more = self.goes_on(end)?;
        }
        Some(())
    }
}
