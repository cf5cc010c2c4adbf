//! The language as a JSON schema, for editors.

use super::{Form, Key, Table};
use crate::operator::Catalogue;
use serde_json::{Map, Value, json};

/// The schema of a scenario file, for the operators of a catalogue (JSON Schema 2020-12).
pub(in crate::scenario) fn schema(language: &Table, catalogue: &Catalogue) -> Value {
    let mut schemas = Schemas { catalogue, tables: Map::new() };
    let file = schemas.table(language, false);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of Sandbar",
        "$defs": schemas.tables,
    });
    let (Value::Object(schema_keys), Value::Object(file)) = (&mut schema, file) else {
        unreachable!("both are objects")
    };
    schema_keys.extend(file);
    schema
}

struct Schemas<'c> {
    catalogue: &'c Catalogue,
    /// By title, the tables that are referred to.
    tables: Map<String, Value>,
}

impl Schemas<'_> {
    fn form(&mut self, form: &Form) -> Value {
        match form {
            Form::Text(spelled) => json!({ "type": "string", "examples": [spelled.example] }),
            Form::Whole(least, most) => {
                json!({ "type": "integer", "minimum": least, "maximum": most })
            }
            Form::Truth => json!({ "type": "boolean" }),
            Form::Words(words) => {
                let words: Vec<&str> = words.iter().map(|word| word.name.as_str()).collect();
                json!({ "enum": words })
            }
            Form::List(of) => json!({ "type": "array", "items": self.form(of) }),
            Form::Table(table) => self.refer(table, false),
            Form::OneKey(table) => self.refer(table, true),
            Form::ByName(_, of) => {
                json!({ "type": "object", "additionalProperties": self.form(of) })
            }
            Form::Either(_, forms) => {
                let forms: Vec<Value> = forms.iter().map(|form| self.form(form)).collect();
                json!({ "anyOf": forms })
            }
        }
    }

    fn refer(&mut self, table: &Table, has_one_key: bool) -> Value {
        let name = table.title.replace(['`', ' '], "-");
        if !self.tables.contains_key(&name) {
            self.tables.insert(name.clone(), Value::Null);
            let made = self.table(table, has_one_key);
            self.tables.insert(name.clone(), made);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    fn table(&mut self, table: &Table, has_one_key: bool) -> Value {
        let keys = table.keys(self.catalogue);
        let needed: Vec<&str> =
            keys.iter().filter(|key| key.is_needed).map(|key| key.name.as_str()).collect();
        let properties: Map<String, Value> =
            keys.iter().map(|key| (key.name.clone(), self.key(key))).collect();
        let mut schema = json!({
            "type": "object",
            "description": table.note.about,
            "properties": properties,
            "additionalProperties": false,
            "required": needed,
        });
        if has_one_key {
            schema["minProperties"] = json!(1);
            schema["maxProperties"] = json!(1);
        }
        schema
    }

    fn key(&mut self, key: &Key) -> Value {
        let mut schema = self.form(&key.form);
        schema["description"] = json!(key.note.about);
        schema
    }
}
