struct Load(Vec<String>);

impl Load {
    #[samara::step]
    fn load(&self) -> String {
        self.0[0]
    }

    #[samara::step]
    async fn load_later(&self) -> String {
        self.0.push(String::new());
        String::new()
    }
}

fn main() {}
