#![deny(warnings)]

use std::collections::HashMap;

use samara::entry::block_on;

struct Tables {
    names: Vec<String>,
    cache: HashMap<u64, String>,
}

impl Tables {
    #[samara::step]
    fn first(&self) -> &String {
        &self.names[0]
    }

    #[samara::step]
    fn first_mut(&mut self) -> &mut String {
        &mut self.names[0]
    }

    #[samara::step]
    fn find(&mut self, name: &str) -> Option<&mut String> {
        self.names.iter_mut().find(|known| *known == name)
    }

    #[samara::step]
    fn cached(&mut self, id: u64) -> Result<&mut String, &str> {
        if id == 0 {
            return Err(&self.names[0]);
        }
        Ok(self.cache.entry(id).or_default())
    }

    #[samara::step]
    fn iter(&self) -> std::slice::Iter<'_, String> {
        self.names.iter()
    }

    #[samara::step]
    async fn first_in_the_future(&mut self) -> &mut String {
        &mut self.names[0]
    }
}

#[samara::step]
fn elided(text: &str) -> &str {
    &text[1..]
}

#[samara::step]
fn longer<'a>(one: &'a str, other: &'a str) -> &'a str {
    if one.len() > other.len() { one } else { other }
}

#[samara::step]
fn the_first_of<'a, 'b: 'a>(one: &'b str, _other: &'a str) -> &'a str {
    one
}

#[samara::step]
fn shortened<'a>(text: &'static str, _like: &'a str) -> &'a str {
    text
}

#[samara::step]
fn placed<'a>(place: &'a mut Vec<u8>, value: u8) -> &'a mut u8 {
    place.push(value);
    place.last_mut().unwrap()
}

#[samara::step]
async fn async_elided(text: &str) -> &str {
    &text[1..]
}

#[samara::step]
async fn async_longer<'a>(one: &'a str, other: &'a str) -> Result<&'a str, ()> {
    Ok(if one.len() > other.len() { one } else { other })
}

fn main() {
    let mut tables = Tables {
        names: vec!["a".to_owned(), "b".to_owned()],
        cache: HashMap::new(),
    };
    assert_eq!(tables.first(), "a");
    tables.first_mut().push('c');
    assert_eq!(tables.find("ac"), Some(&mut "ac".to_owned()));
    assert_eq!(tables.cached(0), Err("ac"));
    assert_eq!(tables.cached(1), Ok(&mut String::new()));
    assert_eq!(tables.iter().count(), 2);
    block_on(tables.first_in_the_future()).push('d');
    assert_eq!(tables.first(), "acd");
    assert_eq!(elided("abc"), "bc");
    assert_eq!(longer("ab", "c"), "ab");
    assert_eq!(the_first_of("ab", "c"), "ab");
    assert_eq!(shortened("ab", "c"), "ab");
    *placed(&mut vec![], 1) += 1;
    assert_eq!(block_on(async_elided("abc")), "bc");
    assert_eq!(block_on(async_longer("ab", "c")), Ok("ab"));
}
