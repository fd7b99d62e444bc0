//! Realistic names of companies of many countries and kinds, with umlauts, apostrophes and other
//! scripts, and one or two that are far too long.

/// Complete names, for the first tenants of the cast.
pub(super) const WRITTEN: [&str; 48] = [
    "Müller & Söhne Präzisionstechnik GmbH",
    "O'Connell's Fresh Produce",
    "Żabka Logistyka Sp. z o.o.",
    "Société Générale de Traçabilité",
    "Ångström Kliniken",
    "Ağaoğlu Lojistik A.Ş.",
    "Peña Nuñez Abogados",
    "L'Atelier des Crêpes",
    "Łódź Maritime Brokers",
    "Bäckerei Größl",
    "D'Angelo & Figli S.r.l.",
    "Þórsmörk Expeditions",
    "Österreichische Gesellschaft für Prüfung, Zertifizierung und Bewertung von Medizinprodukten und Laborausrüstung mbH",
    "Royal Commonwealth Institute for the Authentication of Educational Certificates, Diplomas and Professional Licences",
    "株式会社さくら物流",
    "北京云桥科技有限公司",
    "Αθηναϊκή Ναυτιλιακή",
    "Северный Ветер",
    "بنك الواحة",
    "שלום ביטוח",
    "한빛전자",
    "Đông Á Seafood",
    "İstanbul Ticaret Odası",
    "Crème de la Mer Maritime",
    "Nørrebro Cykler",
    "Škoda Dental Praha",
    "Smith, Smith & Smythe LLP",
    "AT&T-style Telecom <Test> Ltd",
    "100% Pure Water Co.",
    "under_score Studios",
    "Kraków Film Rentals",
    "Zoë's Bakery",
    "The Long-Winded Company for Very Detailed Descriptions of Things",
    "Ibarra y Ochoa Exportaciones",
    "Håndverk Nord AS",
    "Château Beaumont-Lefèvre",
    "Jiří Novák Optika",
    "Curaçao Customs Brokers",
    "Ñandú Textiles",
    "São Bento Cooperativa",
    "Björk & Ekström Arkitekter",
    "Mbeki Mining Holdings",
    "Kapoor Diagnostics",
    "Te Whānau Housing Trust",
    "Fjällräven Freight",
    "Nguyễn Brothers Imports",
    "Olá Turismo",
    "Café Zürich Betriebs AG",
];

/// First parts of the other names.
pub(super) const FIRST: [&str; 24] = [
    "Alder",
    "Beacon",
    "Cedar Hill",
    "Delta",
    "Ember",
    "Foxglove",
    "Granite",
    "Harbour",
    "Iris",
    "Juniper",
    "Keystone",
    "Lumen",
    "Meridian",
    "Northgate",
    "Orchard",
    "Pinnacle",
    "Quarry Lane",
    "Redwood",
    "Saffron",
    "Tidewater",
    "Umbra",
    "Verdant",
    "Wren",
    "Yarrow",
];

/// Second parts of the other names.
pub(super) const SECOND: [&str; 16] = [
    "Logistics",
    "Health",
    "Savings Bank",
    "Robotics",
    "Foods",
    "Insurance",
    "Credentials",
    "University",
    "Energy",
    "Mutual",
    "Diagnostics",
    "Freight",
    "Legal",
    "Aviation",
    "Ceramics",
    "Housing",
];

/// Parts of a tenant that organizations are named for.
pub(super) const ORGANIZATIONS: [&str; 12] = [
    "Headquarters",
    "Operations",
    "Research & Development",
    "Südwest",
    "Île-de-France",
    "North America",
    "Asia Pacific",
    "Procurement",
    "Customer Service",
    "Legal",
    "Field Teams",
    "Subsidiaries",
];

/// First names of tenant users.
pub(super) const GIVEN: [&str; 28] = [
    "Amara",
    "Björn",
    "Chiara",
    "Dimitri",
    "Élodie",
    "Farid",
    "Grace",
    "Hiro",
    "Inés",
    "Jamal",
    "Katarzyna",
    "Liam",
    "Malin",
    "Nnamdi",
    "Oksana",
    "Priya",
    "Quentin",
    "Rosa",
    "Søren",
    "Tomáš",
    "Uchenna",
    "Valentina",
    "Wei",
    "Ximena",
    "Yusuf",
    "Zoë",
    "Siobhán",
    "Noor",
];

/// Last names of tenant users.
pub(super) const FAMILY: [&str; 24] = [
    "Adeyemi",
    "Bergström",
    "Castellano",
    "D'Souza",
    "Eriksen",
    "Fernández",
    "García-Moreno",
    "Haddad",
    "Ivanova",
    "Jørgensen",
    "Kowalska",
    "Lefèvre",
    "Müller",
    "Nakamura",
    "O'Brien",
    "Papadopoulou",
    "Quispe",
    "Rossi",
    "Sharma",
    "Tanaka",
    "Ünal",
    "van der Berg",
    "Wójcik",
    "Zhang",
];

/// The name as a slug: 1–63 of `a–z`, `0–9` and inner hyphens; empty if no letter is Latin.
pub(super) fn slug(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization;

    let mut slug = String::new();
    for c in name.nfkd() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            '\'' | '.' => {}
            c if c.is_ascii() && !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.truncate(40);
    slug.trim_matches('-').to_owned()
}
