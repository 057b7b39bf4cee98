//! Lays expressions out as rustfmt does, so that generated code stays as it is when somebody formats it.
//!
//! It knows the rules that our shapes need, under rustfmt's default configuration: `max_width`, `chain_width`, `fn_call_width`,
//! `array_width`, `short_array_element_width_threshold`, and how a right-hand side moves to the next line. Where rustfmt gives
//! up (a literal longer than a line), it leaves the text alone, and so any layout is stable.

use unicode_width::UnicodeWidthStr;

use crate::emit::doc_comment::visible;

const MAX_WIDTH: usize = 100;
const TAB: usize = 4;
const CHAIN_WIDTH: usize = 60;
const FN_CALL_WIDTH: usize = 60;
const ARRAY_WIDTH: usize = 60;
const SHORT_ELEMENT: usize = 10;
/// No limit: what a text is laid out in when it does not fit a line anyway.
const BOUNDLESS: usize = 1 << 40;

/// An expression of generated code.
#[derive(Debug, Clone)]
pub enum Code {
    /// What no line break can divide: a literal, a name, a path.
    Word(String),
    /// `[a, b]`
    Array(Vec<Code>),
    /// `(a, b)`
    Tuple(Vec<Code>),
    /// `callee(a, b)`
    Call(String, Vec<Code>),
    /// `root?.method(a)?.method(b)`
    Chain(Box<Code>, bool, Vec<Link>),
}

/// One method call of a chain.
#[derive(Debug, Clone)]
pub struct Link {
    method: String,
    arguments: Vec<Code>,
    question: bool,
}

impl Code {
    /// A name, a path or a literal.
    pub fn word(text: impl Into<String>) -> Code {
        Code::Word(text.into())
    }

    /// A string literal of any text.
    pub fn text(text: &str) -> Code {
        Code::Word(proc_macro2::Literal::string(text).to_string())
    }

    /// A string literal that reads like the JSON in it, if the text is plain enough to stand as it is.
    pub fn json(text: &str) -> Code {
        if visible(text) != text {
            return Code::text(text);
        }
        let runs = text.split(|c| c != '#').map(str::len);
        let fence = "#".repeat(runs.max().unwrap_or_default() + 1);
        Code::Word(format!("r{fence}\"{text}\"{fence}"))
    }

    /// An array of string literals.
    pub fn texts(texts: &[String]) -> Code {
        Code::Array(texts.iter().map(|text| Code::text(text)).collect())
    }

    /// An array of pairs of string literals.
    pub fn pairs(pairs: &[(String, String)]) -> Code {
        let pair = |(left, right): &(String, String)| {
            Code::Tuple(vec![Code::text(left), Code::text(right)])
        };
        Code::Array(pairs.iter().map(pair).collect())
    }

    /// An array of triples of string literals.
    pub fn triples(triples: &[[String; 3]]) -> Code {
        let triple =
            |texts: &[String; 3]| Code::Tuple(texts.iter().map(|t| Code::text(t)).collect());
        Code::Array(triples.iter().map(triple).collect())
    }

    /// `self.method(arguments)`
    pub fn method(self, method: &str, arguments: Vec<Code>) -> Code {
        let link = Link {
            method: method.to_owned(),
            arguments,
            question: false,
        };
        match self {
            Code::Chain(root, question, mut links) => {
                links.push(link);
                Code::Chain(root, question, links)
            }
            root => Code::Chain(Box::new(root), false, vec![link]),
        }
    }

    /// `self?`
    pub fn question(self) -> Code {
        match self {
            Code::Chain(root, question, mut links) => match links.last_mut() {
                Some(last) => {
                    last.question = true;
                    Code::Chain(root, question, links)
                }
                None => Code::Chain(root, true, links),
            },
            root => Code::Chain(Box::new(root), true, Vec::new()),
        }
    }

    /// The expression as the last one of a block, without its first line's indentation.
    pub fn as_tail(&self, indent: usize) -> String {
        self.render(Room::line(indent, 0))
            .unwrap_or_else(|| self.boundless(indent))
    }

    /// `let name = self;`, without its first line's indentation.
    pub fn as_let(&self, name: &str, indent: usize) -> String {
        let left = format!("let {name} =");
        let same = Room::line(indent, 1).offset(width(&left) + 1);
        let next = Room::line(indent + TAB, 1);
        let on_same = same.and_then(|room| self.render(room));
        let on_next = self.render(next).filter(|text| fits(text, next));
        let breaks = |text: &str| text.matches('\n').count();
        match (on_same, on_next) {
            (Some(text), _) if breaks(&text) == 0 => format!("{left} {text};"),
            (Some(text), Some(below))
                if breaks(&below) == 0 || breaks(&text) > breaks(&below) + 1 =>
            {
                below_the_name(&left, &below, indent)
            }
            (Some(text), _) => format!("{left} {text};"),
            (None, Some(below)) => below_the_name(&left, &below, indent),
            (None, None) => format!("{left} {};", self.boundless(indent)),
        }
    }

    fn boundless(&self, indent: usize) -> String {
        let room = Room {
            indent,
            column: indent,
            width: BOUNDLESS,
            max: BOUNDLESS,
        };
        self.render(room).unwrap_or_default()
    }

    fn render(&self, room: Room) -> Option<String> {
        match self {
            Code::Word(text) => Some(text.clone()),
            Code::Array(items) => Brackets::array().render("", items, room),
            Code::Tuple(items) => Brackets::call().render("", items, room),
            Code::Call(callee, arguments) => Brackets::call().render(callee, arguments, room),
            Code::Chain(root, question, links) => render_chain(root, *question, links, room),
        }
    }

    /// Whether rustfmt lets it begin on its call's line although it ends on another, as a call's only argument.
    fn overflows(&self) -> bool {
        !matches!(self, Code::Word(_))
    }

    fn is_simple(&self) -> bool {
        matches!(self, Code::Word(word) if !word.contains("::") || word.starts_with('"') || word.starts_with("r#"))
    }
}

fn below_the_name(left: &str, right: &str, indent: usize) -> String {
    format!("{left}{}{right};", new_line(indent + TAB))
}

/// Where a text may stand: rustfmt's `Shape`.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// The indentation of the block around it.
    indent: usize,
    /// The column of its first character.
    column: usize,
    /// How many columns its first and last line may take.
    width: usize,
    /// The end of every line.
    max: usize,
}

impl Room {
    fn line(indent: usize, reserved: usize) -> Room {
        Room {
            indent,
            column: indent,
            width: MAX_WIDTH.saturating_sub(indent + reserved),
            max: MAX_WIDTH,
        }
    }

    fn offset(self, columns: usize) -> Option<Room> {
        Some(Room {
            column: self.column + columns,
            width: self.width.checked_sub(columns)?,
            ..self
        })
    }

    fn without(self, columns: usize) -> Option<Room> {
        Some(Room {
            width: self.width.checked_sub(columns)?,
            ..self
        })
    }

    /// What is kept free at the end of its last line.
    fn reserved(self) -> usize {
        self.max.saturating_sub(self.column + self.width)
    }

    fn indented(self, columns: usize) -> Room {
        let indent = self.indent + columns;
        Room {
            indent,
            column: indent,
            width: self.max.saturating_sub(indent),
            max: self.max,
        }
    }

    /// One level deeper, with a comma after each item.
    fn items(self) -> Room {
        let room = self.indented(TAB);
        Room {
            width: room.width.saturating_sub(1),
            ..room
        }
    }
}

/// A pair of brackets, and how much one line of them may hold.
struct Brackets {
    open: char,
    close: char,
    limit: usize,
}

impl Brackets {
    fn array() -> Brackets {
        Brackets {
            open: '[',
            close: ']',
            limit: ARRAY_WIDTH,
        }
    }

    fn call() -> Brackets {
        Brackets {
            open: '(',
            close: ')',
            limit: FN_CALL_WIDTH,
        }
    }

    fn render(&self, callee: &str, items: &[Code], room: Room) -> Option<String> {
        let one_line = room.width.saturating_sub(width(callee) + 2);
        let nested = room.items();
        let texts = items
            .iter()
            .map(|item| item.render(nested))
            .collect::<Option<Vec<_>>>()?;
        if let [only] = items {
            if let Some(text) = self.overflowed(callee, only, one_line, room) {
                return Some(self.on_one_line(callee, &[text]));
            }
            if one_line != 0 && !texts[0].contains('\n') && width(&texts[0]) <= one_line {
                return Some(self.on_one_line(callee, &texts));
            }
        }
        if horizontal(&texts, self.limit.min(one_line)) {
            return Some(self.on_one_line(callee, &texts));
        }
        let short = items.iter().all(Code::is_simple)
            && texts.iter().all(|text| text.len() <= SHORT_ELEMENT);
        let lines = if short {
            filled(&texts, nested.width)
        } else {
            texts
        };
        Some(self.on_lines(callee, &lines, room.indent))
    }

    fn overflowed(&self, callee: &str, only: &Code, one_line: usize, room: Room) -> Option<String> {
        if !only.overflows() {
            return None;
        }
        let inner = room.offset(width(callee) + 1)?.without(1)?;
        let text = only.render(inner)?;
        let first = text.lines().next().unwrap_or_default().to_owned();
        horizontal(&[first], self.limit.min(one_line)).then_some(text)
    }

    fn on_one_line(&self, callee: &str, texts: &[String]) -> String {
        format!("{callee}{}{}{}", self.open, texts.join(", "), self.close)
    }

    fn on_lines(&self, callee: &str, lines: &[String], indent: usize) -> String {
        let inner = new_line(indent + TAB);
        let items: String = lines.iter().map(|line| format!("{inner}{line},")).collect();
        format!(
            "{callee}{}{items}{}{}",
            self.open,
            new_line(indent),
            self.close
        )
    }
}

fn horizontal(texts: &[String], limit: usize) -> bool {
    let total: usize = texts.iter().map(|text| width(text)).sum();
    total + 2 * texts.len().saturating_sub(1) <= limit
        && !texts.iter().any(|text| text.contains('\n'))
}

/// Short items side by side, as many to a line as it takes. The last comma of a line is left to the caller.
fn filled(texts: &[String], room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for text in texts {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + 1 + width(text) < room => {
                line.push_str(", ");
                line.push_str(text);
            }
            _ => lines.push(text.clone()),
        }
    }
    lines
}

fn render_chain(root: &Code, question: bool, links: &[Link], room: Room) -> Option<String> {
    let limit = if links.len() == 1 {
        room.width
    } else {
        room.width.min(CHAIN_WIDTH)
    };
    let mut links = links;
    let mut head = root.render(room.without(usize::from(question))?)?;
    let mut head_is_block = head.contains('\n');
    if question {
        head.push('?');
    }
    while width(&head) <= TAB && !head.contains('\n') {
        let Some((first, rest)) = links.split_first() else {
            break;
        };
        let Some(text) = first.render(room.offset(width(&head))?) else {
            break;
        };
        head.push_str(&text);
        head_is_block = ends_in_brackets(&head);
        links = rest;
    }
    let text = match links.split_last() {
        None => head,
        Some((last, others)) => {
            let children = room.indented(if head_is_block { 0 } else { TAB });
            render_links(head, others, last, limit, room, children)?
        }
    };
    fits(&text, room).then_some(text)
}

fn render_links(
    head: String,
    others: &[Link],
    last: &Link,
    limit: usize,
    room: Room,
    children: Room,
) -> Option<String> {
    let extendable = ends_in_brackets(&head);
    let mut parts = vec![head];
    for link in others {
        parts.push(link.render(children)?);
    }
    let last_tries = usize::from(last.question);
    let before = last_tries
        + if extendable {
            width(last_line(&parts[0]))
        } else {
            parts.iter().map(|part| width(part)).sum()
        };
    let budget = limit.saturating_sub(before);
    let one_line = parts.iter().all(|part| !part.contains('\n')) && budget > 0;

    let own_line = children.without(room.reserved() + last_tries)?;
    let mut joined = false;
    let mut text = None;
    if one_line || extendable {
        let start = if one_line {
            room.without(last_tries)?
        } else {
            own_line
        };
        if let Some(flat) = start.offset(before).and_then(|room| last.render(room)) {
            let lines = flat.lines().count();
            let could_fit = width(flat.lines().next().unwrap_or_default()) <= budget;
            let below = last.render(own_line);
            let flat_wins = match &below {
                _ if could_fit && lines >= 5 => true,
                Some(_) if !could_fit => false,
                Some(below) => below.lines().count() >= lines,
                None => true,
            };
            if flat_wins {
                joined = could_fit && one_line;
                text = Some(flat);
            } else {
                text = below;
            }
        }
    }
    parts.push(text.or_else(|| last.render(own_line))?);
    let between = if joined {
        String::new()
    } else {
        new_line(children.indent)
    };
    Some(parts.join(&between))
}

impl Link {
    fn render(&self, room: Room) -> Option<String> {
        let callee = format!(".{}", self.method);
        let mut text = Brackets::call().render(
            &callee,
            &self.arguments,
            room.without(usize::from(self.question))?,
        )?;
        if self.question {
            text.push('?');
        }
        Some(text)
    }
}

/// Whether the last of several lines holds nothing but closing brackets.
fn ends_in_brackets(text: &str) -> bool {
    let closing =
        |c: char| matches!(c, '(' | ')' | ']' | '}' | '?' | '>') || c.is_whitespace() && c != '\n';
    text.trim_end_matches(closing).ends_with('\n')
}

fn fits(text: &str, room: Room) -> bool {
    let first = text.lines().next().unwrap_or_default();
    if width(first) > room.width {
        return false;
    }
    !text.contains('\n')
        || text.lines().skip(1).all(|line| width(line) <= room.max)
            && width(last_line(text)) <= room.column + room.width
}

fn last_line(text: &str) -> &str {
    text.rsplit('\n').next().unwrap_or_default()
}

fn new_line(indent: usize) -> String {
    format!("\n{}", " ".repeat(indent))
}

fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `fn name(parameters) -> output {`, one parameter a line if it does not fit one line.
pub fn signature(name: &str, parameters: &[String], output: &str) -> String {
    let line = format!("fn {name}({}) -> {output} {{", parameters.join(", "));
    if width(&line) <= MAX_WIDTH {
        return line;
    }
    let parameters: String = parameters
        .iter()
        .map(|parameter| format!("    {parameter},\n"))
        .collect();
    format!("fn {name}(\n{parameters}) -> {output} {{")
}

/// `#[path(arguments)]`, one argument a line if they are wider than `attr_fn_like_width`.
pub fn attribute(path: &str, arguments: &[String]) -> String {
    const ATTR_FN_LIKE_WIDTH: usize = 70;
    if horizontal(arguments, ATTR_FN_LIKE_WIDTH) {
        return format!("#[{path}({})]", arguments.join(", "));
    }
    format!("#[{path}(\n    {}\n)]", arguments.join(",\n    "))
}
