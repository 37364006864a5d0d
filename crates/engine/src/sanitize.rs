//! Text from an engine or a file name, made harmless for a terminal.

use std::borrow::Cow;

/// Removes what can steer a terminal or turn text around: C0 but newline and tab, DEL, C1, and
/// the bidirectional controls of Unicode. Whole escape sequences (colours, titles) go, not only
/// their first byte.
///
/// ```
/// use shipload_engine::sanitize;
///
/// assert_eq!(sanitize("a\tb\n"), "a\tb\n");
/// assert_eq!(sanitize("\u{1b}[91moops\u{1b}[0m"), "oops");
/// assert_eq!(sanitize("\u{1b}]0;title\u{7}x\u{202e}y"), "xy");
/// ```
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_control) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(next) = chars.next() {
        match next {
            '\u{1b}' => match chars.peek().copied() {
                Some('[') => {
                    chars.next();
                    skip_sequence(&mut chars);
                }
                Some(']' | 'P' | 'X' | '^' | '_') => {
                    chars.next();
                    skip_string(&mut chars);
                }
                // A two-character sequence; anything else is text of its own.
                Some('@'..='~') => {
                    chars.next();
                }
                _ => {}
            },
            '\u{9b}' => skip_sequence(&mut chars),
            '\u{9d}' | '\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}' => skip_string(&mut chars),
            next if is_control(next) => {}
            next => clean.push(next),
        }
    }
    Cow::Owned(clean)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// The rest of a control sequence: parameters, then one final character. What cannot belong to it ends it.
fn skip_sequence(chars: &mut Chars<'_>) {
    while chars.next_if(|next| (' '..='?').contains(next)).is_some() {}
    chars.next_if(|next| ('@'..='~').contains(next));
}

/// The rest of a command string, up to BEL or ST. One that does not end within its line hides
/// nothing: only its start is removed.
fn skip_string(chars: &mut Chars<'_>) {
    let mut ahead = chars.clone();
    while let Some(next) = ahead.next_if(|&next| next != '\n') {
        let ended = match next {
            '\u{7}' | '\u{9c}' => true,
            '\u{1b}' => ahead.next_if_eq(&'\\').is_some(),
            _ => false,
        };
        if ended {
            *chars = ahead;
            return;
        }
    }
}

fn is_control(next: char) -> bool {
    match next {
        '\n' | '\t' => false,
        '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        next => next.is_control(),
    }
}
